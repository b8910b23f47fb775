// (x + 2^(s-1)) >> s equals ((x >> (s-1)) + 1) >> 1, for every s and every x that leaves room for the sum.
module spec(input signed [63:0] x);
  always @* assume (x[63] == x[62]);
  (* keep *) wire cover_any = x == -64'sd3;
  genvar s;
  generate
    for (s = 2; s <= 62; s = s + 1) begin : shifts
      wire signed [63:0] sum = x + (64'sd1 <<< (s - 1));
      wire signed [63:0] at_once = sum >>> s;
      wire signed [63:0] halves = x >>> (s - 1);
      wire signed [63:0] more = halves + 64'sd1;
      wire signed [63:0] in_two = more >>> 1;
      always @* assert (at_once == in_two);
    end
  endgenerate
endmodule
