// The multiplier of the requantizer, cut out: any product at any time.
module mac_multiply(input clk, input [31:0] a, input [30:0] b, output [62:0] o);
  (* anyseq *) wire [62:0] product;
  assign o = product;
endmodule
