// A product made of carry cells. FIRST_LATENCY: its cycles, in a cell of depth 1; WIDTH: bits of both operands.
module spec(input clk, input signed [`WIDTH - 1:0] a, input signed [`WIDTH - 1:0] b);
  wire [2 * `WIDTH - 1:0] o;
  mac_product dut(.clk(clk), .a(a), .b(b), .o(o));
  wire signed [`WIDTH - 1:0] was_a, was_b;
  past #(.WIDTH(2 * `WIDTH), .STEPS(`FIRST_LATENCY)) operands(.clk(clk), .i({a, b}), .o({was_a, was_b}));
  wire signed [2 * `WIDTH - 1:0] product = was_a * was_b;
  (* keep *) wire cover_product = product == -21;
  always @* assert (o == product);
endmodule
