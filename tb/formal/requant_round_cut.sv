// The rounding of the requantizer, cut out: any result at any time.
module mac_fixed_round(
  input clk, input [62:0] product, input negative, input [5:0] by,
`ifndef MODE
  input [2:0] mode,
`endif
  output [10:0] o
);
  (* anyseq *) wire [10:0] rounded;
  assign o = rounded;
endmodule
