// The channel memory: each record becomes one write into its lane, sets are there when they are whole, and the weights'
// zero points are read where they belong. For 2 columns with a lane each.
//
// One zero point of one job, any, is watched. BITS (of a number of channels), MOST (channels), PLAN_AT (where the
// plan's number of channels is), PLAN.
module spec(
  input clk, input rst, input i_valid, input [127:0] i_data, input i_last, input issue, input [`BITS - 1:0] wanted,
  input [`PLAN - 1:0] any_plan, input [`BITS - 3:0] tile, input read, input finish, input watch
);
  wire early, late, keep, available, slot;
  wire [15:0] o;
  wire [1:0] load_valid;
  wire [69 + `BITS - 1:0] load_0, load_1;
  reg issue_slot, read_slot;
  wire [`PLAN - 1:0] plan;
  mac_channel_memory dut(
    .clk(clk), .rst(rst), .i__valid(i_valid), .i__payload({i_last, 16'hffff, i_data}),
    .issue(issue), .issue_slot(issue_slot), .slot(slot), .plan(plan), .early(early), .late(late), .keep(keep),
    .load__0__valid(load_valid[0]), .load__0__payload(load_0), .load__1__valid(load_valid[1]),
    .load__1__payload(load_1), .tile(tile), .tile_slot(read_slot), .available(available), .read(read),
    .weight_zero_point(o));

  reg started = 0;
  always @(posedge clk) started <= 1;

  // Its state: the zero points at `place` are in a wire that is added to the module.
  (* keep *) wire [2 * `BITS - 3:0] dut_loaded;
  (* keep *) wire [`BITS - 1:0] dut_channels;
  (* keep *) wire lane;
  (* keep *) wire [`BITS - 2:0] place;
  (* keep *) wire [15:0] stored;

  // Places that have had a job since the reset; jobs that are not loaded and not finished, the records that the two have and will have.
  reg [1:0] issued, unloaded, unfinished;
  reg [`BITS - 1:0] records_0, records_1, wanted_0, wanted_1;
  wire load_slot = issue_slot ^ unloaded[0];
  wire [`BITS - 1:0] records = load_slot ? records_1 : records_0, others = load_slot ? records_0 : records_1;
  wire [`BITS - 1:0] size = load_slot ? wanted_1 : wanted_0;
  wire take = i_valid, end_job = take && records + 1 == size;
  assign plan = (any_plan & ~({{`PLAN{1'b0}}, {`BITS{1'b1}}} << `PLAN_AT)) | ({{`PLAN{1'b0}}, size} << `PLAN_AT);
  // Sets that are whole: the last one of a job may have one channel.
  wire [`BITS - 2:0] sets_0 = (records_0 >> 1) + (records_0[0] && records_0 == wanted_0);
  wire [`BITS - 2:0] sets_1 = (records_1 >> 1) + (records_1[0] && records_1 == wanted_1);
  wire [69 + `BITS - 1:0] expected = {i_data[69:0], load_slot, records[`BITS - 2:1]};

  // The watched record: it came, its job is over, its zero point and number, and the last read was of its set.
  reg seen, gone, shown, watched_slot;
  reg [`BITS - 1:0] number;
  reg [7:0] watched;
  wire here = seen && !gone;
  wire [7:0] o_point = o >> 8 * number[0], stored_point = stored >> 8 * number[0];
  assign place = {watched_slot, number[`BITS - 2:1]};

  // Both jobs are loaded while the first of them is read.
  (* keep *) wire cover_both = unfinished == 2 && unloaded == 0 && wanted_0 > 1 && wanted_1 > 1 && shown && finish;

  always @(posedge clk) begin
    unloaded <= unloaded + issue - end_job;
    unfinished <= unfinished + issue - finish;
    issue_slot <= issue_slot ^ issue;
    issued <= issued | ({1'b0, issue} << issue_slot);
    read_slot <= read_slot ^ finish;
    if (take && !load_slot) records_0 <= records_0 + 1'b1;
    if (take && load_slot) records_1 <= records_1 + 1'b1;
    if (issue && !issue_slot) {records_0, wanted_0} <= wanted;
    if (issue && issue_slot) {records_1, wanted_1} <= wanted;
    if (watch && take && !seen) begin
      {seen, watched_slot} <= {1'b1, load_slot};
      number <= records;
      watched <= i_data[79:72];
    end
    if (here && finish && read_slot == watched_slot) gone <= 1;
    if (read) shown <= here && read_slot == watched_slot && tile == number[`BITS - 2:1];
    if (rst) begin
      {issued, unloaded, unfinished, issue_slot, read_slot, records_0, records_1} <= 0;
      {seen, gone, shown} <= 0;
    end
  end

  always @* begin
    assume (rst || started);
    // Jobs are two at most and have a channel or more; packets are as long as their job says. In reset anything comes.
    assume (!(issue && unfinished == 2) && wanted >= 1 && wanted <= `MOST);
    assume (rst || !i_valid || (unloaded != 0 && i_last == (records + 1 == size)));
    // What is not there is not read, and a job that is not loaded is not finished.
    assume (!read || (available && unfinished != 0));
    assume (!finish || unfinished > unloaded);
    if (started) begin
      // Records wait for nothing but their job, and are written as they come.
      assert (slot == load_slot && (rst || (!early && !late && !keep)));
      assert (rst || load_valid == {take && records[0], take && !records[0]});
      assert (rst || !load_valid[0] || load_0 == expected);
      assert (rst || !load_valid[1] || load_1 == expected);
      // A set can be read as soon as it is whole, and its zero points are what came until the next read.
      assert (!issued[read_slot] || available == (tile < (read_slot ? sets_1 : sets_0)));
      assert (!shown || o_point == watched);
      // Its state.
      assert (unloaded <= unfinished && unfinished <= 2);
      assert (read_slot == issue_slot ^ unfinished[0]);
      assert (dut_channels == (unloaded == 0 ? 0 : records) && lane == (unloaded != 0 && records[0]));
      assert (!issued[0] || dut_loaded[`BITS - 2:0] == sets_0);
      assert (!issued[1] || dut_loaded[2 * `BITS - 3:`BITS - 1] == sets_1);
      assert (unfinished == 0 || (issued[!issue_slot] && (unfinished != 2 || issued[issue_slot])));
      assert (unloaded == 0 || records < size);
      assert (unloaded != 2 || others == 0);
      assert (unfinished == 0 || (unfinished == 1 && read_slot) || (wanted_0 >= 1 && wanted_0 <= `MOST));
      assert (unfinished == 0 || (unfinished == 1 && !read_slot) || (wanted_1 >= 1 && wanted_1 <= `MOST));
      assert (records_0 <= `MOST && records_1 <= `MOST);
      assert (unloaded == 1 || !others[0] || others == (load_slot ? wanted_0 : wanted_1));
      assert (!shown || seen);
      assert (!here || (stored_point == watched && unfinished != 0 && (unfinished == 2 || read_slot == watched_slot)
                        && number < (watched_slot ? records_1 : records_0)));
    end
  end
endmodule
