// A product of mantissas to 24 significant bits and then to an integer, each half to even; 512 stands for larger ones.
module spec(input clk, input [48:0] product, input signed [9:0] exponent, input negative);
  wire signed [10:0] o;
  mac_float_round dut(.clk(clk), .product(product), .exponent(exponent), .negative(negative), .o(o));

  always @* begin
    // Mantissas are 0, or 2^23 to 2^24; that of a scale is less than 2^24.
    assume (product == 0 || (product >= 49'h4000_0000_0000 && product <= 49'hffff_ff00_0000));
    assume (exponent >= -355 && exponent <= 183);
  end

  wire [48:0] was_product;
  wire signed [9:0] was_exponent;
  wire was_negative;
  past #(.WIDTH(60), .STEPS(`FLOAT_ROUND_LATENCY)) inputs(
    .clk(clk), .i({product, exponent, negative}), .o({was_product, was_exponent, was_negative}));

  // The value is product * 2^-(exponent + 142) = kept * 2^-places, before and after the first rounding.
  wire high = was_product[47];
  wire [23:0] top = high ? was_product[47:24] : was_product[46:23];
  wire [23:0] rest = high ? was_product[23:0] : {was_product[22:0], 1'b0};
  wire [24:0] kept = top + (rest > 24'h800000 || (rest == 24'h800000 && top[0]));
  wire signed [11:0] places = was_exponent + 12'sd119 - $signed({1'b0, high});
  // The second rounding: below 2^-1 from 26 places on, at least 512 up to 14.
  wire [4:0] by = places;
  wire [24:0] whole = kept >> by;
  wire [24:0] part = kept - (whole << by);
  wire [25:0] half = 26'd1 << (by - 5'd1);
  wire [24:0] nearest = whole + (part > half || (part == half && whole[0]));
  wire [9:0] result = was_product == 0 || places > 25 ? 0 : places < 15 || nearest > 512 ? 512 : nearest;
  wire signed [10:0] signed_result = was_negative ? -result : result;
  (* keep *) wire cover_zero = was_product == 0;
  (* keep *) wire cover_small = was_product != 0 && result == 0;
  (* keep *) wire cover_large = places < 15;
  (* keep *) wire cover_carry = kept[24] && places == 20;
  (* keep *) wire cover_tie = places < 26 && places > 14 && part == half && was_negative;
  always @* assert (o == signed_result);
endmodule
