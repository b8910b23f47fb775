// An int32 to 24 significant bits, half to even: |acc| rounds to mantissa * 2^(8 - leading zeros).
module spec(input clk, input signed [31:0] acc);
  wire negative;
  wire [24:0] mantissa;
  wire [4:0] leading_zeros;
  mac_float_from_int dut(
    .clk(clk), .acc(acc), .negative(negative), .mantissa(mantissa), .leading_zeros(leading_zeros));

  wire signed [31:0] was;
  past #(.WIDTH(32), .STEPS(`FLOAT_FROM_INT_LATENCY)) inputs(.clk(clk), .i(acc), .o(was));
  wire [31:0] magnitude = was < 0 ? -was : was;
  reg [4:0] zeros;
  integer bit_index;
  always @* begin
    zeros = 31;
    for (bit_index = 0; bit_index < 32; bit_index = bit_index + 1)
      if (magnitude[bit_index])
        zeros = 31 - bit_index;
  end
  wire [31:0] normal = magnitude << zeros;
  wire [7:0] rest = normal;
  wire up = rest > 8'h80 || (rest == 8'h80 && normal[8]);
  wire [24:0] rounded = normal[31:8] + up;
  (* keep *) wire cover_carry = rounded[24] && zeros == 3;
  (* keep *) wire cover_tie = rest == 8'h80 && negative;
  (* keep *) wire cover_zero = magnitude == 0;
  always @* begin
    assert (negative == (was < 0));
    assert (leading_zeros == zeros);
    assert (mantissa == rounded);
  end
endmodule
