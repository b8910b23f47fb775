// The multiplier is the sum of four products of halves, each in its place.
//
// What a product of halves is, is left to Verilog's `*`, here and there: no solver compares multipliers. Equal ones of
// equal operands are made one before it sees them, and so the operands wait here in as many registers, and as wide.
// DSP: the products are those of DSP blocks, of 17 bits and signed.
module spec(input clk, input [31:0] a, input [30:0] b);
  wire signed [62:0] o;
  mac_multiply dut(.clk(clk), .a(a), .b(b), .o(o));

`ifdef DSP
`define OUTER 1
  wire signed [16:0] al, ah, bl, bh;
  past #(.WIDTH(17)) s1_al(.clk(clk), .i({1'b0, a[15:0]}), .o(al));
  past #(.WIDTH(17)) s1_ah(.clk(clk), .i({a[31], a[31:16]}), .o(ah));
  past #(.WIDTH(17)) s1_bl(.clk(clk), .i({1'b0, b[15:0]}), .o(bl));
  past #(.WIDTH(17)) s1_bh(.clk(clk), .i({2'b0, b[30:16]}), .o(bh));
  wire signed [33:0] ll = al * bl, lh = al * bh, hl = ah * bl, hh = ah * bh;
  // Products of 16 bits and fewer need no more than is taken of them below.
  always @* begin
    assume (ll[33:32] == 0 && lh[33:31] == 0);
    assume (hl == $signed(hl[31:0]) && hh == $signed(hh[30:0]));
  end
`else
`define OUTER 2
  wire [15:0] al, bl, outer_al, outer_bl;
  wire [14:0] bh, outer_bh;
  wire signed [15:0] ah, outer_ah;
  past #(.WIDTH(16)) s1_al(.clk(clk), .i(a[15:0]), .o(al));
  past #(.WIDTH(16)) s1_ah(.clk(clk), .i(a[31:16]), .o(ah));
  past #(.WIDTH(16)) s1_bl(.clk(clk), .i(b[15:0]), .o(bl));
  past #(.WIDTH(15)) s1_bh(.clk(clk), .i(b[30:16]), .o(bh));
  past #(.WIDTH(16)) s2_al(.clk(clk), .i(al), .o(outer_al));
  past #(.WIDTH(16)) s2_ah(.clk(clk), .i(ah), .o(outer_ah));
  past #(.WIDTH(16)) s2_bl(.clk(clk), .i(bl), .o(outer_bl));
  past #(.WIDTH(15)) s2_bh(.clk(clk), .i(bh), .o(outer_bh));
  wire [30:0] lh = al * bh;
  wire signed [31:0] hl = ah * $signed({1'b0, bl});
  wire [31:0] ll = outer_al * outer_bl;
  wire signed [30:0] hh = outer_ah * $signed({1'b0, outer_bh});
`endif

  // a = ah * 2^16 + al and b = bh * 2^16 + bl; only the high half of a has a sign.
  wire [31:0] was_ll;
  wire signed [30:0] was_hh;
  wire [30:0] was_lh;
  wire signed [31:0] was_hl;
  past #(.WIDTH(63), .STEPS(`MULTIPLY_LATENCY - 1)) cross(
    .clk(clk), .i({lh[30:0], hl[31:0]}), .o({was_lh, was_hl}));
  past #(.WIDTH(63), .STEPS(`MULTIPLY_LATENCY - `OUTER)) outer(
    .clk(clk), .i({ll[31:0], hh[30:0]}), .o({was_ll, was_hh}));
  wire signed [62:0] between = was_hl + $signed({1'b0, was_lh});
  wire signed [62:0] high = was_hh;
  wire signed [62:0] sum = (high <<< 32) + (between <<< 16) + $signed({1'b0, was_ll});
  (* keep *) wire cover_negative = sum < 0 && was_lh > 9 && was_ll > 9;
  always @* assert (o == sum);
endmodule
