// An adder whose second operand can be left out.
module spec(input [31:0] base, input [31:0] term, input gate);
  wire [31:0] o;
  mac_accumulate dut(.base(base), .term(term), .gate(gate), .o(o));
  (* keep *) wire cover_both = gate && base == 5 && term == 32'hffff_fff0;
  always @* assert (o == base + (gate ? term : 0));
endmodule
