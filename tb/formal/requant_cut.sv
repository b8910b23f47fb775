// Parts of the requantizer, cut out: any result at any time.
module mac_multiply(input clk, input [31:0] a, input [30:0] b, output [62:0] o);
  (* anyseq *) wire [62:0] product;
  assign o = product;
endmodule

module mac_float_add(
  input clk, input negative, input [24:0] mantissa, input [4:0] leading_zeros, input [31:0] b,
  output sum_negative, output [24:0] sum_mantissa, output [8:0] sum_leading_zeros
);
  (* anyseq *) wire [34:0] sum;
  assign {sum_negative, sum_mantissa, sum_leading_zeros} = sum;
endmodule

module mac_float_round(input clk, input [48:0] product, input [9:0] exponent, input negative, output [10:0] o);
  (* anyseq *) wire [10:0] rounded;
  assign o = rounded;
endmodule

module mac_fixed_round(
  input clk, input [62:0] product, input negative, input [5:0] by,
`ifdef FIXED_MODE
  input [2:0] mode,
`endif
  output [10:0] o
);
  (* anyseq *) wire [10:0] rounded;
  assign o = rounded;
endmodule
