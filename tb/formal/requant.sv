// Requantization around the multiplier, the addition and the roundings, which are cut out: any result within its range.
//
//   fixed point  clamp(((acc * m + R) >> s) + zp, low, high)
//   float32      clamp(rne_int(rne24(rne24(acc) * scale)) + zp, low, high), FBGEMM with rne24(rne24(acc) + bias)
//
// RESULTS: what is claimed is what becomes of results of the roundings; otherwise, what the parts are given.
// Cycles of each part: *_LATENCY, where it is built; of all: LATENCY. HAS_*: ports. FIXED_MODE: of fixed_round too.
`ifndef FLOAT_ADD_LATENCY
`define FLOAT_ADD_LATENCY 0
`endif
`ifdef FLOAT_FROM_INT_LATENCY
`define FRONT (`FLOAT_FROM_INT_LATENCY + `FLOAT_ADD_LATENCY)
`else
`define FRONT 0
`endif
`define STEPS (`FRONT + `MULTIPLY_LATENCY)
module spec(
  input clk, input signed [31:0] acc, input [31:0] multiplier, input [5:0] shift, input [31:0] bias,
  input signed [62:0] halves, input signed [31:0] nearest
);
  (* anyconst *) reg signed [8:0] zero_point;
  (* anyconst *) reg signed [8:0] low;
  (* anyconst *) reg signed [8:0] high;
  wire [2:0] mode;
  wire f32, single, double, double_up, fbgemm;
  modes chosen(
    .mode(mode), .f32(f32), .single(single), .double(double), .double_up(double_up), .fbgemm(fbgemm));
  wire is_float = f32 || fbgemm;
  wire [7:0] y;
  wire clamped;
  mac_requant dut(
`ifdef HAS_MODE
    .mode(mode),
`endif
`ifdef HAS_SHIFT
    .shift(shift),
`endif
`ifdef HAS_BIAS
    .bias(bias),
`endif
    .clk(clk), .acc(acc), .multiplier(multiplier), .stage({high, low, zero_point}), .y(y), .clamped(clamped));

  (* keep *) wire [31:0] a;
  (* keep *) wire [30:0] b;
  (* keep *) wire [62:0] product;
  wire signed [63:0] value, float_value, fixed_value;
  assign value = is_float ? float_value : fixed_value;

`ifdef FLOAT_ROUND_LATENCY
  // The first rounding sees acc: float_from_int.sv.
  (* keep *) wire [31:0] from_acc;
  (* keep *) wire from_negative;
  (* keep *) wire [24:0] from_mantissa;
  (* keep *) wire [4:0] from_zeros;
  (* keep *) wire sum_negative;
  (* keep *) wire [24:0] sum_mantissa;
  (* keep *) wire signed [8:0] sum_zeros;
`ifdef HAS_BIAS
  // The addition sees its result and the bias, which is 0 in mode F32: float_add.sv.
  (* keep *) wire add_negative;
  (* keep *) wire [24:0] add_mantissa;
  (* keep *) wire [4:0] add_zeros;
  (* keep *) wire [31:0] add_b;
  wire [31:0] was_bias;
  past #(.WIDTH(32), .STEPS(`FLOAT_FROM_INT_LATENCY)) biases(.clk(clk), .i(bias), .o(was_bias));
`ifndef RESULTS
  (* keep *) wire cover_bias = fbgemm && was_bias == 5;
  always @* begin
    assert (add_negative == from_negative && add_mantissa == from_mantissa && add_zeros == from_zeros);
    if (is_float)
      assert (add_b == (fbgemm ? was_bias : 0));
  end
`endif
`else
  assign {sum_negative, sum_mantissa, sum_zeros} = {from_negative, from_mantissa, 4'd0, from_zeros};
`endif

  // The multiplier sees its mantissa and that of the scale, which is 0 if the scale is subnormal.
  wire [30:0] scale, was_scale;
  past #(.WIDTH(31), .STEPS(`FRONT)) scales(.clk(clk), .i(multiplier[30:0]), .o(scale));
  wire [23:0] scale_mantissa = scale[30:23] == 0 ? 0 : {1'b1, scale[22:0]};
  // The other roundings see the product, the sign, and how far the exponents are apart: float_round.sv.
  (* keep *) wire [48:0] float_product;
  (* keep *) wire signed [9:0] float_exponent;
  (* keep *) wire float_negative;
  (* keep *) wire [10:0] float_rounded;
  wire was_negative;
  wire signed [8:0] was_zeros;
  past #(.WIDTH(41), .STEPS(`MULTIPLY_LATENCY)) float_products(
    .clk(clk), .i({scale, sum_negative, sum_zeros}), .o({was_scale, was_negative, was_zeros}));
  wire signed [9:0] apart = was_zeros - $signed({1'b0, was_scale[30:23]});
  // Their result is the nearest integer, if that is below 512.
  wire signed [31:0] bounded = nearest < -512 ? -512 : nearest > 512 ? 512 : nearest;
  wire signed [31:0] was_nearest;
  past #(.WIDTH(32), .STEPS(`LATENCY - `STEPS - `FLOAT_ROUND_LATENCY)) float_results(
    .clk(clk), .i(nearest), .o(was_nearest));
  assign float_value = was_nearest + zero_point;
`ifdef RESULTS
  always @* begin
    assume (nearest < 32'sd1 << 30 && nearest > -(32'sd1 << 30));
    assume (float_rounded == bounded[10:0]);
  end
`else
  (* keep *) wire cover_float = is_float && apart == -100 && scale != 0 && scale_mantissa == 0;
  always @* begin
    assume (sum_zeros >= -100 && sum_zeros <= 183);
    if (is_float) begin
      assert (from_acc == acc);
      assert (a == sum_mantissa && b == scale_mantissa);
      assert (float_product == product[48:0] && float_negative == was_negative && float_exponent == apart);
      assert (apart >= -355 && apart <= 183);
    end
  end
`endif
`else
  assign float_value = 0;
`endif

`ifdef FIXED_ROUND_LATENCY
  // The multiplier sees acc and m; the rounding sees the product, the sign and s - 1: requant_fixed_round.sv.
  (* keep *) wire [62:0] fixed_product;
  (* keep *) wire [5:0] fixed_by;
  (* keep *) wire fixed_negative;
  (* keep *) wire [10:0] fixed_rounded;
  wire [31:0] operand_acc, operand_m, was_acc;
  wire [5:0] was_shift;
  past #(.WIDTH(64), .STEPS(`FRONT)) operands(.clk(clk), .i({acc, multiplier}), .o({operand_acc, operand_m}));
  past #(.WIDTH(38), .STEPS(`STEPS)) fixed_products(.clk(clk), .i({acc, shift}), .o({was_acc, was_shift}));
  wire [5:0] one_less = was_shift - 1'b1;
  // Its result is `halves` = (acc * m + N) >> (s - 1), saturated. Two halves are one, and a half is rounded up:
  // requant_halves.sv.
  wire signed [62:0] saturated = halves < -63'sd1024 ? -63'sd1024 : halves > 63'sd1023 ? 63'sd1023 : halves;
  wire signed [62:0] was_halves;
  past #(.WIDTH(63), .STEPS(`LATENCY - `STEPS - `FIXED_ROUND_LATENCY)) fixed_results(
    .clk(clk), .i(halves), .o(was_halves));
  wire signed [63:0] more = was_halves + 64'sd1;
  assign fixed_value = (more >>> 1) + zero_point;
`ifdef FIXED_MODE
  (* keep *) wire [2:0] fixed_mode;
  always @* assert (fixed_mode == mode);
`endif
`ifdef RESULTS
  always @* assume (fixed_rounded == saturated[10:0]);
`else
  (* keep *) wire cover_fixed = !is_float && operand_acc == 5 && was_acc[31];
  always @* if (!is_float) begin
    assert (a == operand_acc && b == operand_m[30:0]);
    assert (fixed_product == product && fixed_negative == was_acc[31] && fixed_by == one_less);
  end
`endif
`else
  assign fixed_value = 0;
`endif

`ifdef RESULTS
  wire signed [63:0] result = value < low ? low : value > high ? high : value;
  (* keep *) wire cover_below = clamped && result == low && low > -200;
  (* keep *) wire cover_above = clamped && result == high && high < 200;
  (* keep *) wire cover_between = !clamped && zero_point > 2 && low < -3 && high > 5 && value == -2;
  always @* begin
    assume (low <= high);
    assert (y == result[7:0]);
    assert (clamped == (result != value));
  end
`endif
endmodule
