// A sum whose last 25 bits are made one, set if any of them is: rounded to 24 bits it is the nearest to the sum, half
// to even, as long as it is not small.
module spec(input [53:0] sum);
  wire below = sum[24:0] != 0;
  wire [28:0] sticky = {sum[53:26], sum[25] | below};
  always @* assume (sum >= 54'd1 << 50);
  (* keep *) wire cover_tie = sum == 54'h2c_0000_2000_0000;
  (* keep *) wire cover_below = below && !sum[25];
  genvar top;
  generate
    for (top = 25; top < 29; top = top + 1) begin : leading
      // As float_from_int.sv rounds it.
      wire [31:0] normal = {3'd0, sticky} << (31 - top);
      wire [7:0] rest = normal;
      wire up = rest > 8'h80 || (rest == 8'h80 && normal[8]);
      wire [24:0] rounded = normal[31:8] + up;
      // Of all multiples of the last of 24 bits no other one is nearer.
      wire signed [55:0] off = $signed({31'd0, rounded} << (top + 2)) - $signed({2'd0, sum});
      wire [55:0] distance = off < 0 ? -off : off;
      wire [55:0] half = 56'd1 << (top + 1);
      wire here = sticky >> top == 1;
      always @* assert (!here || distance < half || (distance == half && !rounded[0]));
    end
  endgenerate
endmodule
