// The mode: any of those that were built (MODE_*: their numbers), the same for all time.
module modes(output [2:0] mode, output f32, output single, output double, output double_up, output fbgemm);
  (* anyconst *) reg [2:0] chosen;
  assign mode = chosen;
`ifdef MODE_F32
  assign f32 = chosen == `MODE_F32;
`else
  assign f32 = 0;
`endif
`ifdef MODE_SINGLE
  assign single = chosen == `MODE_SINGLE;
`else
  assign single = 0;
`endif
`ifdef MODE_DOUBLE
  assign double = chosen == `MODE_DOUBLE;
`else
  assign double = 0;
`endif
`ifdef MODE_DOUBLE_UP
  assign double_up = chosen == `MODE_DOUBLE_UP;
`else
  assign double_up = 0;
`endif
`ifdef MODE_FBGEMM
  assign fbgemm = chosen == `MODE_FBGEMM;
`else
  assign fbgemm = 0;
`endif
  always @* assume (f32 || single || double || double_up || fbgemm);
endmodule
