// A product in a DSP block: operands and product are registered. PART: the module, WIDTH: bits of both operands.
//
// It is that of 18 bits, as in the model of the block: what is proved is what it is given and when.
module spec(input clk, input signed [`WIDTH - 1:0] a, input signed [`WIDTH - 1:0] b, input clear);
  wire [2 * `WIDTH - 1:0] o;
  `PART dut(.clk(clk), .a(a), .b(b), .clear(clear), .o(o));
  wire signed [`WIDTH - 1:0] was_a, was_b;
  past #(.WIDTH(`WIDTH)) left(.clk(clk), .i(a), .o(was_a));
  past #(.WIDTH(`WIDTH)) right(.clk(clk), .i(b), .o(was_b));
  wire signed [17:0] wide_a = was_a, wide_b = was_b;
  wire signed [35:0] product = wide_a * wide_b;
  wire [2 * `WIDTH - 1:0] result;
  past #(.WIDTH(2 * `WIDTH)) results(.clk(clk), .i(clear ? {2 * `WIDTH{1'b0}} : product[2 * `WIDTH - 1:0]), .o(result));
  (* keep *) wire cover_product = result == 35;
  always @* assert (o == result);
endmodule
