// The past of an input: `o` is `i`, STEPS cycles ago.
module past #(parameter WIDTH = 1, parameter STEPS = 1) (input clk, input [WIDTH - 1:0] i, output [WIDTH - 1:0] o);
  generate
    if (STEPS == 0) begin : none
      assign o = i;
    end else begin : some
      reg [WIDTH * STEPS - 1:0] line;
      always @(posedge clk) line <= {line, i};
      assign o = line[WIDTH * STEPS - 1-:WIDTH];
    end
  endgenerate
endmodule
