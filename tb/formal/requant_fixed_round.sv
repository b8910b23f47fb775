// Fixed-point rounding: (product + N) >> (s - 1), saturated to 11 bits, with N = +-2^30 or 0 by mode. LATENCY.
//
// Saturated so that no zero point and clamp can tell: requant_fixed.sv.
module spec(input clk, input signed [62:0] product, input negative, input [5:0] by);
`ifdef MODE
  wire [2:0] mode = `MODE;
`else
  (* anyconst *) reg [2:0] mode;
  always @* assume (mode == 1 || mode == 2 || mode == 3);
`endif
  wire [10:0] o;
  mac_fixed_round dut(
    .clk(clk), .product(product), .negative(negative), .by(by),
`ifndef MODE
    .mode(mode),
`endif
    .o(o));

  always @* begin
    assume (by >= 1 && by <= 61);
    // What no product of 32 and 31 bits exceeds: 2^31 * (2^31 - 1).
    assume (product <= $signed(63'h3fff_ffff_8000_0000) && product >= -$signed(63'h3fff_ffff_8000_0000));
  end

  wire signed [62:0] was_product;
  wire was_negative;
  wire [5:0] was_by;
  past #(.WIDTH(70), .STEPS(`LATENCY)) inputs(
    .clk(clk), .i({product, negative, by}), .o({was_product, was_negative, was_by}));
  wire signed [62:0] more = mode == 1 || was_by < 31 ? 63'sd0
                            : mode == 2 && was_negative ? -63'sd1073741824 : 63'sd1073741824;
  wire signed [62:0] sum = was_product + more;
  wire signed [62:0] halves = sum >>> was_by;
  wire signed [62:0] result = halves < -63'sd1024 ? -63'sd1024 : halves > 63'sd1023 ? 63'sd1023 : halves;
  always @* assert (o == result[10:0]);
endmodule
