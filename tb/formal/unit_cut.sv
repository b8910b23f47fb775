// The requantizer, cut out: a function of which one point is known and nothing else, LATENCY - RAW_LATENCY cycles late.
module mac_requant(
  input clk, input [31:0] acc, input [31:0] multiplier, input [26:0] stage, output [7:0] y, output clamped
);
  (* keep *) wire [63:0] point;
  (* keep *) wire [8:0] image;
  (* anyseq *) wire [8:0] other;
  reg [64 * (`LATENCY - `RAW_LATENCY) - 1:0] line;
  always @(posedge clk) line <= {line, multiplier, acc};
  assign {clamped, y} = line[64 * (`LATENCY - `RAW_LATENCY) - 1-:64] == point ? image : other;
endmodule
