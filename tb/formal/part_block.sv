// A product and its accumulator in one DSP block, from any sum to the next one. WIDTH: bits of both operands.
//
// The product is that of 18 bits, as in the model of the block: what is proved is what it is given, when, and its sum.
module spec(input clk, input signed [`WIDTH - 1:0] a, input signed [`WIDTH - 1:0] b, input first);
  wire signed [31:0] o;
  mac_block dut(.clk(clk), .a(a), .b(b), .first(first), .o(o));
  wire signed [17:0] wide_a = a, wide_b = b;
  wire signed [35:0] product = wide_a * wide_b;
  wire signed [35:0] was_product;
  past #(.WIDTH(36)) products(.clk(clk), .i(product), .o(was_product));
  wire starts;
  past #(.WIDTH(1)) tokens(.clk(clk), .i(first), .o(starts));
  wire [31:0] next = (starts ? 0 : o) + was_product;
  wire [31:0] want;
  past #(.WIDTH(32)) sums(.clk(clk), .i(next), .o(want));
  (* keep *) wire cover_sum = want == 1000 && starts;
  always @* assert (o == want);
endmodule
