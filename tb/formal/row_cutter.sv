// The row cutter: bytes leave in the order in which they came, each once, in words that start where rows start.
//
// One byte of one beat, any, is watched: how many are before it. Jobs of up to 3 rows of up to 8 bytes, of a stream of
// 4. PLAN (bits), K_AT (where the plan's K is).
module spec(
  input clk, input rst, input i_valid, input [31:0] i_data, input [3:0] i_keep, input i_last, input o_ready,
  input issue, input [1:0] wanted_m, input [3:0] wanted_k, input [`PLAN - 1:0] any_plan, input watch,
  input [1:0] watched_byte
);
  wire i_ready, o_valid, slot, early, late, keep, o_row_end, o_final_row;
  wire [31:0] o_data;
  wire [2:0] o_count;
  wire [`PLAN - 1:0] plan;
  mac_row_cutter dut(
    .clk(clk), .rst(rst), .i__valid(i_valid), .i__payload({i_last, i_keep, i_data}), .i__ready(i_ready),
    .o__valid(o_valid), .o__payload({o_final_row, o_row_end, o_count, o_data}), .o__ready(o_ready),
    .issue(issue), .slot(slot), .plan(plan), .early(early), .late(late), .keep(keep));

  reg started = 0;
  always @(posedge clk) started <= 1;

  (* keep *) wire dut_running, has_held;
  (* keep *) wire [1:0] waiting, phase;
  (* keep *) wire [3:0] dut_bytes;
  (* keep *) wire [23:0] dut_rows;
  (* keep *) wire [36:0] held;

  // Jobs that are not cut, and what the plan says of them.
  reg [1:0] jobs, m_0, m_1;
  reg [3:0] k_0, k_1;
  reg issue_slot;
  wire cut_slot = issue_slot ^ jobs[0];
  wire [1:0] m = cut_slot ? m_1 : m_0;
  wire [3:0] k = cut_slot ? k_1 : k_0;
  assign plan = (any_plan & ~({{`PLAN{1'b0}}, 4'hf} << `K_AT | 24'hffffff)) | ({{`PLAN{1'b0}}, k} << `K_AT) | m;

  // Of the job that is cut: rows that have not left, bytes of the row, bytes that came, and those that have not come.
  reg running, idle;
  reg [1:0] rows;
  reg [3:0] bytes;
  reg [4:0] inside;
  wire [4:0] to_come = running ? (rows - 2'd1) * k + bytes - inside : 0;
  wire [2:0] size = to_come > 4 ? 4 : to_come;
  wire [2:0] count = bytes > 4 ? 4 : bytes;
  wire in = i_valid && i_ready, out = o_valid && o_ready;
  wire final_word = bytes <= 4 && rows == 1;

  // The watched byte: it is here, it was here, what it is and how many are before it.
  reg seen, left;
  reg [7:0] value;
  reg [4:0] before;
  wire take = watch && in && !seen && watched_byte < size;
  wire here = (seen && !left) || take;
  wire [7:0] value_now = take ? i_data >> 8 * watched_byte : value;
  wire [4:0] before_now = take ? inside + watched_byte : before;
  wire leaves = out && here && before_now < count;
  wire [7:0] o_byte = o_data >> 8 * before_now[1:0];
  wire [3:0] place = phase + before;
  wire [7:0] held_byte = held[31:0] >> 8 * place[1:0];

  reg waited, o_held;
  reg [36:0] i_was, o_was;
  // Of its bytes, those that count.
  wire [36:0] o_word = {o_final_row, o_row_end, o_count, o_data & (32'hffffffff >> 8 * (4 - o_count))};

  // The last word of a job of three rows, of bytes of two beats, after a wait.
  (* keep *) wire cover_final = out && final_word && m == 3 && k == 7 && count == 3 && inside < count && o_held;

  always @(posedge clk) begin
    jobs <= jobs + issue - (out && final_word);
    issue_slot <= issue_slot ^ issue;
    if (issue && !issue_slot) {m_0, k_0} <= {wanted_m, wanted_k};
    if (issue && issue_slot) {m_1, k_1} <= {wanted_m, wanted_k};
    inside <= out && final_word ? 0 : inside + (in ? size : 0) - (out ? count : 0);
    if (out) begin
      bytes <= bytes <= 4 ? k : bytes - 4'd4;
      rows <= rows - (bytes <= 4);
      if (final_word) running <= 0;
    end
    if (!running && jobs != 0) {running, rows, bytes} <= {1'b1, m, k};
    idle <= !running && jobs != 0;
    if (take) begin
      seen <= 1;
      value <= value_now;
    end
    if (here) begin
      left <= leaves;
      before <= out ? before_now - count : before_now;
    end
    waited <= i_valid && !i_ready;
    i_was <= {i_last, i_keep, i_data};
    o_held <= o_valid && !o_ready;
    o_was <= o_word;
    if (rst) begin
      {jobs, issue_slot, running, idle, inside} <= 0;
      {seen, left, waited, o_held} <= 0;
    end
  end

  always @* begin
    assume (rst || started);
    // Jobs are two at most; packets are as long as their job says; a beat that waits stays.
    assume (!(issue && jobs == 2) && wanted_m != 0 && wanted_k >= 1 && wanted_k <= 8);
    assume (to_come == 0 || !i_valid || (i_last == (to_come <= 4) && i_keep == 4'hf >> (4 - size)));
    assume (!waited || rst || (i_valid && {i_last, i_keep, i_data} == i_was));
    if (started) begin
      assert (!o_held || rst || (o_valid && o_word == o_was));
      assert (!early && !late && !keep && slot == cut_slot);
      // A word is offered when its bytes are there, one of them held, and a beat is taken when there is room for it.
      assert (o_valid == (running && inside != 0 && inside + (i_valid ? size : 0) >= count));
      assert (i_ready == (to_come != 0 && (inside == 0 || (out && inside <= count))));
      assert (!(idle && !running));
      assert (!o_valid || (o_count == count && o_row_end == (bytes <= 4) && o_final_row == (rows == 1)));
      assert (!leaves || o_byte == value_now);
      // Its state.
      assert (jobs <= 2 && waiting == jobs && dut_running == running && (!running || jobs != 0));
      assert (jobs == 0 || (m != 0 && k >= 1 && k <= 8));
      assert (jobs != 2 || ((cut_slot ? m_0 : m_1) != 0 && (cut_slot ? k_0 : k_1) - 4'd1 < 8));
      assert (running || inside == 0);
      assert (!running || (rows >= 1 && rows <= m && bytes >= 1 && bytes <= k));
      assert (!running || (dut_rows == rows && dut_bytes == bytes && inside <= (rows - 2'd1) * k + bytes));
      assert (has_held == (inside != 0) && inside <= 4 && (!running || inside != 0 || phase == 0));
      assert (inside == 0 || held[36:32] == {to_come == 0, 4'hf >> (4 - (phase + inside))});
      assert (inside == 0 || phase + inside <= 4 && (to_come == 0 || phase + inside == 4));
      assert (!(seen && !left) || (before < inside && held_byte == value));
    end
  end
endmodule
