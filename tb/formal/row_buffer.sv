// A row buffer: rows leave in the order in which they came, each once, and wait at the output until they are taken.
//
// One row, any, is watched: how many are before it, and where it is. WIDTH, DEPTH, PLACE and WAITING (bits of an address
// and of a level).
module spec(input clk, input rst, input i_valid, input [`WIDTH - 1:0] i_payload, input o_ready, input watch);
  wire o_valid;
  wire [`WIDTH - 1:0] o_payload;
  mac_buffer_outputs dut(
    .clk(clk), .rst(rst), .i__valid(i_valid), .i__payload(i_payload),
    .o__valid(o_valid), .o__payload(o_payload), .o__ready(o_ready));

  reg started = 0;
  always @(posedge clk) started <= 1;

  // Its state: the word at `place` is in a wire that is added to the module.
  (* keep *) wire some;
  (* keep *) wire [`WAITING - 1:0] waiting;
  (* keep *) wire [`PLACE - 1:0] write_row;
  (* keep *) wire [`PLACE - 1:0] read_row;
  (* keep *) wire [`WIDTH - 1:0] word;
  (* keep *) wire [`PLACE - 1:0] place;

  wire pop = o_valid && o_ready;
  reg [`PLACE:0] inside;
  reg seen;
  reg left;
  reg [`PLACE:0] before;
  reg [`WIDTH - 1:0] watched;
  reg held;
  reg [`WIDTH - 1:0] held_payload;
  reg silent;
  always @(posedge clk) begin
    inside <= inside + i_valid - pop;
    if (watch && i_valid && !seen) begin
      seen <= 1;
      watched <= i_payload;
      before <= inside - pop;
    end else if (seen && pop) begin
      if (before == 0)
        left <= 1;
      else
        before <= before - 1'b1;
    end
    held <= o_valid && !o_ready;
    held_payload <= o_payload;
    silent <= inside != 0 && !o_valid;
    if (rst) begin
      inside <= 0;
      seen <= 0;
      left <= 0;
      before <= 0;
      held <= 0;
      silent <= 0;
    end
  end

  wire [`PLACE + 1:0] sum = read_row + before - o_valid;
  assign place = sum >= `DEPTH ? sum - `DEPTH : sum;
  wire [`PLACE + 1:0] end_row = read_row + waiting;
  (* keep *) wire cover_several = inside == 5;
  (* keep *) wire cover_watched = seen && !left && before == 0 && o_valid && watched == 5;
  (* keep *) wire cover_held = held && o_valid;
  always @* begin
    assume (rst || started);
    // Whoever fills it counts its places.
    assume (!(i_valid && inside >= `DEPTH));
    if (started) begin
      assert (!held || (o_valid && o_payload == held_payload));
      assert (!(silent && inside != 0 && !o_valid));
      assert (!(seen && !left && before == 0 && o_valid) || o_payload == watched);
      assert (!o_valid || inside != 0);
      // What holds of its state, so that this follows by induction.
      assert (inside == waiting + o_valid && inside <= `DEPTH);
      assert (some == (waiting != 0));
      assert (read_row < `DEPTH && write_row < `DEPTH);
      assert (write_row == (end_row >= `DEPTH ? end_row - `DEPTH : end_row));
      assert (!(seen && !left) || before < inside);
      assert (!(seen && !left && !(before == 0 && o_valid)) || word == watched);
    end
  end
endmodule
