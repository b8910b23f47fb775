// The rounding of an int32 to float32, cut out: any result at any time.
module mac_float_from_int(
  input clk, input [31:0] acc, output negative, output [24:0] mantissa, output [4:0] leading_zeros
);
  (* anyseq *) wire [30:0] result;
  assign {negative, mantissa, leading_zeros} = result;
endmodule
