// A packet exit: a register that loses and repeats nothing, and one beat of one zero byte for a cancelled packet.
// COUNT.
module spec(
  input clk, input rst, input i_valid, input [9 * `COUNT:0] i_payload, input o_ready, input issue, input cancelling
);
  wire i_ready, o_valid, owed, done;
  wire [9 * `COUNT:0] o_payload;
  mac_outputs_exit dut(
    .clk(clk), .rst(rst), .i__valid(i_valid), .i__ready(i_ready), .i__payload(i_payload),
    .o__valid(o_valid), .o__ready(o_ready), .o__payload(o_payload),
    .issue(issue), .cancelling(cancelling), .owed(owed), .done(done));

  reg started = 0;
  always @(posedge clk) started <= 1;

  (* keep *) wire [1:0] packets;
  (* keep *) wire closes;
  // Packets whose end has not come, the beat that must be at the output, and whether it ends a cancelled packet.
  reg [2:0] awaited;
  reg full, ended, held;
  reg [9 * `COUNT:0] beat, held_payload;
  wire in = i_valid && i_ready, out = o_valid && o_ready;
  wire close = cancelling && awaited != 0 && (!full || out);
  always @(posedge clk) begin
    awaited <= awaited + issue - (close || (in && i_payload[9 * `COUNT]));
    full <= in || close || (full && !out);
    if (in) {ended, beat} <= {1'b0, i_payload};
    if (close) begin
      ended <= 1;
      beat <= 0;
      beat[9 * `COUNT] <= 1;
      beat[8 * `COUNT] <= 1;
    end
    held <= o_valid && !o_ready;
    held_payload <= o_payload;
    if (rst) begin
      awaited <= 0;
      full <= 0;
      held <= 0;
      ended <= 0;
    end
  end
  (* keep *) wire cover_cancelled = out && ended;
  (* keep *) wire cover_passed = done && awaited == 2;
  (* keep *) wire cover_held = held && o_valid;
  always @* begin
    assume (rst || started);
    assume (!(issue && awaited >= 2));
    // Packets come for jobs only, and nothing comes while jobs are cancelled.
    assume (!(i_valid && (awaited == 0 || cancelling)));
    if (started) begin
      assert (packets == awaited && awaited <= 2 && (!full || closes == ended));
      assert (o_valid == full && (!full || o_payload == beat));
      assert (!held || (o_valid && o_payload == held_payload));
      assert (i_ready == (!full || o_ready));
      assert (owed == (awaited != 0 || full));
      assert (done == (out && !ended && beat[9 * `COUNT]));
    end
  end
endmodule
