// Fixed-point rounding: (product + N) >> (s - 1), saturated to 11 bits, with N = +-2^30 or 0 by mode.
//
// Saturated so that no zero point and clamp can tell: requant.sv.
module spec(input clk, input signed [62:0] product, input negative, input [5:0] by);
  wire [2:0] mode;
  wire f32, single, double, double_up, fbgemm;
  modes chosen(
    .mode(mode), .f32(f32), .single(single), .double(double), .double_up(double_up), .fbgemm(fbgemm));
  wire [10:0] o;
  mac_fixed_round dut(
    .clk(clk), .product(product), .negative(negative), .by(by),
`ifdef FIXED_MODE
    .mode(mode),
`endif
    .o(o));

  always @* begin
    assume (single || double || double_up);
    assume (by >= 1 && by <= 61);
    // What no product of 32 and 31 bits exceeds: 2^31 * (2^31 - 1).
    assume (product <= $signed(63'h3fff_ffff_8000_0000) && product >= -$signed(63'h3fff_ffff_8000_0000));
  end

  wire signed [62:0] was_product;
  wire was_negative;
  wire [5:0] was_by;
  past #(.WIDTH(70), .STEPS(`FIXED_ROUND_LATENCY)) inputs(
    .clk(clk), .i({product, negative, by}), .o({was_product, was_negative, was_by}));
  wire signed [62:0] more = single || was_by < 31 ? 63'sd0
                            : double && was_negative ? -63'sd1073741824 : 63'sd1073741824;
  wire signed [62:0] sum = was_product + more;
  wire signed [62:0] halves = sum >>> was_by;
  wire signed [62:0] result = halves < -63'sd1024 ? -63'sd1024 : halves > 63'sd1023 ? 63'sd1023 : halves;
  (* keep *) wire cover_low = halves < -63'sd4096 && was_negative;
  (* keep *) wire cover_high = halves > 63'sd4096 && !was_negative;
  (* keep *) wire cover_long_shift = was_by == 61 && halves == -63'sd1;
  (* keep *) wire cover_short_shift = was_by == 1 && halves == 63'sd5;
  always @* assert (o == result[10:0]);
endmodule
