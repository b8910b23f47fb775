// Fixed-point requantization: clamp(((acc * m + R) >> s) + zp, low, high), with R by mode.
//
// MODE: its number, or none and the port decides. LATENCY: acc to y. MULTIPLY: of the multiplier alone.
module spec(
  input clk, input signed [31:0] acc, input [31:0] multiplier, input [5:0] shift
);
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

  // Where the multiplier was.
  (* keep *) wire [31:0] a;
  (* keep *) wire [30:0] b;
  (* keep *) wire [62:0] product;

  always @* begin
    assume (low <= high);
    assume (shift >= 2 && shift <= 62);
    // What no product of 32 and 31 bits exceeds: 2^31 * (2^31 - 1).
    assume ($signed(product) <= $signed(63'h3fff_ffff_8000_0000));
    assume ($signed(product) >= -$signed(63'h3fff_ffff_8000_0000));
  end

  // The multiplier sees acc and m as they are, FRONT cycles later.
  wire [31:0] operand_acc;
  wire [31:0] operand_m;
`ifdef FRONT
  past #(.WIDTH(64), .STEPS(`FRONT)) operands(.clk(clk), .i({acc, multiplier}), .o({operand_acc, operand_m}));
`else
  assign {operand_acc, operand_m} = {acc, multiplier};
`endif

  // What came in LATENCY cycles ago, and its product.
  wire [31:0] was_acc;
  wire [5:0] s;
  wire [62:0] was_product;
  past #(.WIDTH(38), .STEPS(`LATENCY)) inputs(.clk(clk), .i({acc, shift}), .o({was_acc, s}));
  past #(.WIDTH(63), .STEPS(`LATENCY - `FRONT_MULTIPLY)) products(.clk(clk), .i(product), .o(was_product));

  wire signed [63:0] half = 64'sd1 <<< (s - 6'd1);
  wire signed [63:0] more = mode == 1 || s <= 31 ? 64'sd0 : mode == 2 && was_acc[31] ? -64'sd1073741824 : 64'sd1073741824;
  wire signed [63:0] extended = $signed(was_product);
  wire signed [63:0] sum = extended + half + more;
  wire signed [63:0] rounded = sum >>> s;
  wire signed [63:0] value = rounded + zero_point;
  wire signed [63:0] result = value < low ? low : value > high ? high : value;
  always @* begin
    assert (a == operand_acc);
    assert (b == operand_m[30:0]);
    assert (y == result[7:0]);
    assert (clamped == (result != value));
  end
endmodule
