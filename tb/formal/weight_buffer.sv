// The weight buffer: each word of two jobs is read where it belongs, from when its beat has come to the end of the job.
//
// One word of one job, any, is watched. WORD (bits), LANES (words of a beat), BEATS and BITS (of its number), PLAN_AT
// (where the plan's number of beats is), PLAN.
module spec(
  input clk, input rst, input i_valid, input [`WORD - 1:0] i_data, input i_last, input issue, input [`BITS:0] wanted,
  input [`PLAN - 1:0] any_plan, input [`BITS - 1:0] beat, input read, input finish, input watch
);
  wire early, late, keep, out_of_range, available, slot;
  wire [`WORD * `LANES - 1:0] o;
  reg issue_slot, read_slot;
  wire [`PLAN - 1:0] plan;
  mac_weight_buffer dut(
    .clk(clk), .rst(rst), .i__valid(i_valid), .i__payload({i_last, {`WORD / 8{1'b1}}, i_data}),
    .issue(issue), .issue_slot(issue_slot), .slot(slot), .plan(plan), .early(early), .late(late), .keep(keep),
    .out_of_range(out_of_range), .beat(beat), .beat_slot(read_slot), .available(available), .read(read), .o(o));

  reg started = 0;
  always @(posedge clk) started <= 1;

  // Its state: the beat at `place` is in a wire that is added to the module.
  (* keep *) wire [2 * `BITS + 1:0] filled;
  (* keep *) wire lane;
  (* keep *) wire [`BITS:0] place;
  (* keep *) wire [`WORD * `LANES - 1:0] stored;

  // Places that have had a job since the reset; jobs that are not loaded and not finished, the words that the two have and will have.
  reg [1:0] issued, unloaded, unfinished;
  reg [`BITS + 1:0] words_0, words_1;
  reg [`BITS:0] wanted_0, wanted_1;
  wire load_slot = issue_slot ^ unloaded[0];
  wire [`BITS + 1:0] words = load_slot ? words_1 : words_0, others = load_slot ? words_0 : words_1;
  wire [`BITS + 1:0] size = `LANES * (load_slot ? wanted_1 : wanted_0);
  wire take = i_valid, end_job = take && words + 1 == size;
  assign plan = (any_plan & ~({{`PLAN{1'b0}}, {`BITS + 1{1'b1}}} << `PLAN_AT))
                | ({{`PLAN{1'b0}}, load_slot ? wanted_1 : wanted_0} << `PLAN_AT);

  // The watched word: it came, its job is over, what it is and where, and the last read was of its beat.
  reg seen, gone, shown;
  reg watched_slot;
  reg [`BITS + 1:0] number;
  reg [`WORD - 1:0] watched;
  wire here = seen && !gone;
  wire [`BITS - 1:0] watched_beat = number / `LANES;
  wire watched_lane = number % `LANES;
  wire [`WORD - 1:0] o_word = o >> `WORD * watched_lane, stored_word = stored >> `WORD * watched_lane;
  assign place = {watched_slot, watched_beat};

  // Both jobs are loaded while the first of them is read.
  (* keep *) wire cover_both = unfinished == 2 && unloaded == 0 && wanted_0 > 1 && wanted_1 > 1 && shown && finish;

  always @(posedge clk) begin
    unloaded <= unloaded + issue - end_job;
    unfinished <= unfinished + issue - finish;
    issue_slot <= issue_slot ^ issue;
    issued <= issued | ({1'b0, issue} << issue_slot);
    read_slot <= read_slot ^ finish;
    if (take && !load_slot) words_0 <= words_0 + 1'b1;
    if (take && load_slot) words_1 <= words_1 + 1'b1;
    if (issue && !issue_slot) {words_0, wanted_0} <= wanted;
    if (issue && issue_slot) {words_1, wanted_1} <= wanted;
    if (watch && take && !seen) begin
      {seen, watched_slot} <= {1'b1, load_slot};
      number <= words;
      watched <= i_data;
    end
    if (here && finish && read_slot == watched_slot) gone <= 1;
    if (read) shown <= here && read_slot == watched_slot && beat == watched_beat;
    if (rst) begin
      {issued, unloaded, unfinished, issue_slot, read_slot, words_0, words_1} <= 0;
      {seen, gone, shown} <= 0;
    end
  end

  always @* begin
    assume (rst || started);
    // Jobs are two at most and have a beat or more; packets are as long as their job says. In reset anything comes.
    assume (!(issue && unfinished == 2) && wanted >= 1 && wanted <= `BEATS);
    assume (rst || !i_valid || (unloaded != 0 && i_last == (words + 1 == size)));
    // What is not there is not read, and a job that is not loaded is not finished.
    assume (!read || (available && unfinished != 0));
    assume (!finish || unfinished > unloaded);
    if (started) begin
      assert (slot == load_slot);
      assert (rst || (!early && !late && !keep && !out_of_range));
      // A beat can be read as soon as it is whole, and is what came until the next read.
      assert (!issued[read_slot] || available == (beat < (read_slot ? words_1 : words_0) / `LANES));
      assert (!shown || o_word == watched);
      // Its state.
      assert (unloaded <= unfinished && unfinished <= 2);
      assert (read_slot == issue_slot ^ unfinished[0]);
      assert (lane == words % `LANES && (unloaded == 2 || others % `LANES == 0));
      assert (!issued[0] || filled[`BITS:0] == words_0[`BITS + 1:1]);
      assert (!issued[1] || filled[2 * `BITS + 1:`BITS + 1] == words_1[`BITS + 1:1]);
      assert (unfinished == 0 || (issued[!issue_slot] && (unfinished != 2 || issued[issue_slot])));
      assert (unloaded == 0 ? lane == 0 : words < size);
      assert (unloaded != 2 || others == 0);
      assert (unfinished == 0 || (unfinished == 1 && read_slot) || (wanted_0 >= 1 && wanted_0 <= `BEATS));
      assert (unfinished == 0 || (unfinished == 1 && !read_slot) || (wanted_1 >= 1 && wanted_1 <= `BEATS));
      assert (words_0 <= `LANES * `BEATS && words_1 <= `LANES * `BEATS);
      assert (!shown || seen);
      assert (!here || (stored_word == watched && unfinished != 0 && (unfinished == 2 || read_slot == watched_slot)
                        && number < (watched_slot ? words_1 : words_0)));
    end
  end
endmodule
