// A register of one bit.
module spec(input clk, input i);
  wire o, was;
  mac_token dut(.clk(clk), .i(i), .o(o));
  past #(.WIDTH(1)) inputs(.clk(clk), .i(i), .o(was));
  (* keep *) wire cover_set = o;
  always @* assert (o == was);
endmodule
