// A packet gate: beats of awaited packets pass as they are, those of cancelled jobs are taken, and
// shown to whoever is in reset. WIDTH.
//
// GATE (its module), WAITS (defined where whoever takes the beats may wait).
module spec(
  input clk, input rst, input i_valid, input [`WIDTH - 1:0] i_payload, input o_ready, input issue, input cancelling
);
  wire i_ready, o_valid, owed;
  wire [`WIDTH - 1:0] o_payload;
  `GATE dut(
    .clk(clk), .rst(rst), .i__valid(i_valid), .i__ready(i_ready), .i__payload(i_payload),
`ifdef WAITS
    .o__ready(o_ready),
`endif
    .o__valid(o_valid), .o__payload(o_payload),
    .issue(issue), .cancelling(cancelling), .owed(owed));

  reg started = 0;
  always @(posedge clk) started <= 1;

  (* keep *) wire [1:0] packets;
  wire last = i_payload[`WIDTH - 1];
  reg [2:0] awaited;
  reg waited, held;
  reg [`WIDTH - 1:0] waited_payload, held_payload;
  always @(posedge clk) begin
    awaited <= awaited + issue - (i_valid && i_ready && last);
    waited <= i_valid && !i_ready;
    waited_payload <= i_payload;
    held <= o_valid && !o_ready && !cancelling;
    held_payload <= o_payload;
    if (rst) begin
      awaited <= 0;
      waited <= 0;
      held <= 0;
    end
  end
  (* keep *) wire cover_dropped = i_valid && i_ready && cancelling && last;
  (* keep *) wire cover_passed = o_valid && o_ready && awaited == 2;
`ifdef WAITS
  (* keep *) wire cover_held = held && o_valid && !cancelling;
`endif
  always @* begin
    assume (rst || started);
`ifndef WAITS
    assume (o_ready);
`endif
    // The source holds its beat; jobs are two at most, and one of them may end in this cycle.
    assume (!waited || rst || (i_valid && i_payload == waited_payload));
    assume (!(issue && awaited >= 2));
    if (started) begin
      assert (packets == awaited && awaited <= 2);
      assert (owed == (awaited != 0));
      assert (!held || cancelling || rst || (o_valid && o_payload == held_payload));
      // A beat passes on both sides at once, or is dropped, or waits; nothing else leaves.
      assert (cancelling || (o_valid && o_ready) == (i_valid && i_ready));
      assert (!o_valid || o_payload == i_payload);
      // Nothing waits but for its packet's turn and for room.
      assert (i_ready == (awaited != 0 && (cancelling || o_ready)));
      assert (!(i_valid && awaited != 0 && !cancelling) || o_valid);
    end
  end
endmodule
