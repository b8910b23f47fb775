// A float32 b added to an int32 that was rounded to float32: the exact sum, but for bits that its rounding cannot tell.
//
// What goes to the rounding is the sum in eighths of the larger operand's last bit, the last of them set if anything is
// below it: rounded to 24 bits the two are one, float_sticky.sv.
module spec(input clk, input negative, input [24:0] mantissa, input [4:0] leading_zeros, input [31:0] b);
  wire [24:0] sum_mantissa;
  wire sum_negative;
  wire signed [8:0] sum_leading_zeros;
  mac_float_add dut(
    .clk(clk), .negative(negative), .mantissa(mantissa), .leading_zeros(leading_zeros), .b(b),
    .sum_negative(sum_negative), .sum_mantissa(sum_mantissa), .sum_leading_zeros(sum_leading_zeros));

  (* keep *) wire signed [31:0] round_acc;
  (* keep *) wire round_negative;
  (* keep *) wire [24:0] round_mantissa;
  (* keep *) wire [4:0] round_zeros;
  wire was_negative;
  wire [24:0] was_mantissa;
  wire [4:0] was_zeros;
  wire [31:0] was_b;
  past #(.WIDTH(63), .STEPS(`FLOAT_ADD_LATENCY - `FLOAT_FROM_INT_LATENCY)) inputs(
    .clk(clk), .i({negative, mantissa, leading_zeros, b}), .o({was_negative, was_mantissa, was_zeros, was_b}));

  // Both as an integer times a power of two; a subnormal has the exponent of the smallest normal number.
  wire b_normal = was_b[30:23] != 0;
  wire [23:0] b_mantissa = {b_normal, was_b[22:0]};
  wire signed [9:0] a_exponent = 10'sd8 - $signed({1'b0, was_zeros});
  wire signed [9:0] b_exponent = $signed({1'b0, b_normal ? was_b[30:23] : 8'd1}) - 10'sd150;
  wire signed [9:0] apart = a_exponent - b_exponent;
  wire a_is_large = was_mantissa != 0 && apart >= 0;
  wire [24:0] large = a_is_large ? was_mantissa : b_mantissa;
  wire [24:0] small = a_is_large ? b_mantissa : was_mantissa;
  wire signed [8:0] exponent = a_is_large ? a_exponent : b_exponent;
  wire [9:0] down = apart < 0 ? -apart : apart;

  // In units of 2^-28 of the larger one's last bit. From 28 places on the smaller one is less than an eighth of that
  // bit, and one unit stands for it.
  wire signed [55:0] whole = {large, 28'd0};
  wire signed [55:0] part = down >= 28 ? small != 0 : {small, 28'd0} >> down;
  wire signed [55:0] exact = was_negative == was_b[31] ? whole + part : whole - part;
  wire [55:0] magnitude = exact < 0 ? -exact : exact;
  wire [31:0] eighths = magnitude[55:25];
  wire below = magnitude[24:0] != 0;
  wire signed [31:0] sticky = eighths | below;
  wire sum_is_negative = (a_is_large ? was_negative : was_b[31]) != (exact < 0);

  wire signed [8:0] rounded_exponent;
  past #(.WIDTH(9), .STEPS(`FLOAT_FROM_INT_LATENCY)) exponents(.clk(clk), .i(exponent), .o(rounded_exponent));
  wire signed [10:0] zeros = $signed({6'd0, round_zeros}) - rounded_exponent + 11'sd3;
  (* keep *) wire cover_turned = exact < 0;
  (* keep *) wire cover_below = below && down < 28;
  (* keep *) wire cover_far = small != 0 && down > 28 && !a_is_large;
  (* keep *) wire cover_subnormal = !b_normal && b_mantissa != 0 && was_mantissa == 0;
  always @* begin
    // What float_from_int.sv gives; b is finite.
    assume (mantissa == 0 || (mantissa >= 25'h800000 && mantissa <= 25'h1000000));
    assume (b[30:23] != 255);
    assert (round_acc == (sum_is_negative ? -sticky : sticky));
    // Small sums are exact; none needs more than 29 bits, whose leading zeros are 3 at least.
    assert (!below || eighths >= 32'd1 << 25);
    assert (eighths < 32'd1 << 29);
    assume (round_zeros >= 3);
    assert (sum_negative == round_negative && sum_mantissa == round_mantissa && sum_leading_zeros == zeros);
    // What float_round.sv takes, less an exponent of 8 bits.
    assert (zeros >= -100 && zeros <= 183);
  end
endmodule
