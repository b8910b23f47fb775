// Float requantization: clamp(rne_int(rne24(rne24(acc) * scale)) + zp, low, high), around the three roundings.
//
// MULTIPLY: cycles of the multiplier.
module spec(input clk, input signed [31:0] acc, input [31:0] multiplier, input signed [31:0] nearest);
  (* anyconst *) reg signed [8:0] zero_point;
  (* anyconst *) reg signed [8:0] low;
  (* anyconst *) reg signed [8:0] high;
  wire [7:0] y;
  wire clamped;
  mac_requant dut(
    .clk(clk), .acc(acc), .multiplier(multiplier), .stage({high, low, zero_point}), .y(y), .clamped(clamped));

  // The first rounding sees acc: float_from_int.sv.
  (* keep *) wire [31:0] from_acc;
  (* keep *) wire from_negative;
  (* keep *) wire [24:0] from_mantissa;
  (* keep *) wire [4:0] from_zeros;
  // The multiplier sees its mantissa and that of the scale, which is 0 if the scale is subnormal.
  (* keep *) wire [31:0] a;
  (* keep *) wire [30:0] b;
  (* keep *) wire [62:0] product;
  wire [30:0] scale, was_scale;
  past #(.WIDTH(31), .STEPS(5)) scales(.clk(clk), .i(multiplier[30:0]), .o(scale));
  wire [23:0] scale_mantissa = scale[30:23] == 0 ? 0 : {1'b1, scale[22:0]};
  // The other roundings see the product, the sign, and how far the exponents are apart: float_round.sv.
  (* keep *) wire [48:0] round_product;
  (* keep *) wire [9:0] round_exponent;
  (* keep *) wire round_negative;
  (* keep *) wire [10:0] rounded;
  wire was_negative;
  wire [4:0] was_zeros;
  past #(.WIDTH(37), .STEPS(`MULTIPLY)) products(
    .clk(clk), .i({scale, from_negative, from_zeros}), .o({was_scale, was_negative, was_zeros}));
  wire signed [9:0] apart = $signed({1'b0, was_zeros}) - $signed({1'b0, was_scale[30:23]});

  // Their result is the nearest integer, if that is below 512.
  wire signed [31:0] saturated = nearest < -512 ? -512 : nearest > 512 ? 512 : nearest;
  wire signed [31:0] was_nearest;
  past #(.WIDTH(32), .STEPS(2)) results(.clk(clk), .i(nearest), .o(was_nearest));
  wire signed [31:0] value = was_nearest + zero_point;
  wire signed [31:0] result = value < low ? low : value > high ? high : value;
  always @* begin
    assume (low <= high);
    assume (nearest < 32'sd1 << 30 && nearest > -(32'sd1 << 30));
    assume (rounded == saturated[10:0]);
    assert (from_acc == acc);
    assert (a == from_mantissa && b == scale_mantissa);
    assert (round_product == product[48:0] && round_negative == was_negative && round_exponent == apart);
    assert (y == result[7:0]);
    assert (clamped == (result != value));
  end
endmodule
