// Fixed-point requantization: clamp(((acc * m + R) >> s) + zp, low, high), around multiplier and rounding.
//
// MODE: its number, or none and the port decides. Cycles: FRONT (to the multiplier), MULTIPLY.
module spec(input clk, input signed [31:0] acc, input [31:0] multiplier, input [5:0] shift, input signed [62:0] halves);
  (* anyconst *) reg signed [8:0] zero_point;
  (* anyconst *) reg signed [8:0] low;
  (* anyconst *) reg signed [8:0] high;
  wire [7:0] y;
  wire clamped;
`ifdef MODE
  wire [2:0] mode = `MODE;
`else
  (* anyconst *) reg [2:0] mode;
  always @* assume (mode == 1 || mode == 2 || mode == 3);
`endif
  mac_requant dut(
    .clk(clk), .acc(acc), .multiplier(multiplier), .shift(shift), .stage({high, low, zero_point}),
`ifndef MODE
    .mode(mode),
`endif
    .y(y), .clamped(clamped));

  // The multiplier sees acc and m, FRONT cycles later; the rounding sees the product, the sign and s - 1.
  (* keep *) wire [31:0] a;
  (* keep *) wire [30:0] b;
  (* keep *) wire [62:0] product;
  (* keep *) wire [62:0] round_product;
  (* keep *) wire [5:0] round_by;
  (* keep *) wire round_negative;
  (* keep *) wire [10:0] rounded;
  wire [31:0] operand_acc, operand_m;
  past #(.WIDTH(64), .STEPS(`FRONT)) operands(.clk(clk), .i({acc, multiplier}), .o({operand_acc, operand_m}));
  wire [31:0] was_acc;
  wire [5:0] was_shift;
  past #(.WIDTH(38), .STEPS(`FRONT + `MULTIPLY)) products(.clk(clk), .i({acc, shift}), .o({was_acc, was_shift}));
  wire [5:0] one_less = was_shift - 1'b1;

  // Its result is `halves` = (acc * m + N) >> (s - 1), saturated: requant_fixed_round.sv. Two halves are one, and a
  // half is rounded up: requant_halves.sv.
  wire signed [62:0] saturated = halves < -63'sd1024 ? -63'sd1024 : halves > 63'sd1023 ? 63'sd1023 : halves;
  wire signed [62:0] was_halves;
  past #(.WIDTH(63), .STEPS(2)) results(.clk(clk), .i(halves), .o(was_halves));
  wire signed [63:0] more = was_halves + 64'sd1;
  wire signed [63:0] value = (more >>> 1) + zero_point;
  wire signed [63:0] result = value < low ? low : value > high ? high : value;
  always @* begin
    assume (low <= high);
    assume (rounded == saturated[10:0]);
    assert (a == operand_acc && b == operand_m[30:0]);
    assert (round_product == product && round_negative == was_acc[31] && round_by == one_less);
    assert (y == result[7:0]);
    assert (clamped == (result != value));
  end
endmodule
