// Streams that never pause around a core: runs job after job, started as early as the engine takes them, and prints
// what every clock cycle went into. Operands are 0: time does not depend on them. For Icarus and for Verilator.
//
// Macros: CORE, the module; ACT_BYTES, WEIGHT_BYTES, CHANNEL_BYTES, OUT_BYTES, COLS, MODE as in its description; ERRORS, the width
// of that port.
// +jobs=FILE, hexadecimal, a line of 7 words for each job: M, N, K, FORMAT, 1 for the last one of a group, beats of
// weights, beats of outputs.
// +limit=N: cycles after which a run counts as hanging.

module bench(input wire clk);
  localparam WORDS = 7;
  localparam JOBS = 1 << 14;
  reg [31:0] jobs [0:WORDS * JOBS];
  reg [8 * 512 - 1:0] name;
  reg [63:0] limit;
  integer file, word;
  initial begin
    if (!$value$plusargs("jobs=%s", name) || !$value$plusargs("limit=%d", limit)) $display("ERROR no +jobs, +limit");
    file = $fopen(name, "r");
    word = 0;
    while (word < WORDS * JOBS && $fscanf(file, "%h", jobs[word]) == 1) word = word + 1;
    jobs[word] = 32'hffffffff;
    $fclose(file);
  end

  // Jobs come in groups; the next group starts when the engine is idle. That is a while after its last output: rows
  // that a job with int32 results does not want may still be on their way.
  reg [3:0] reset = 4'hf;
  reg [31:0] started = 0, finished = 0, a_job = 0, w_job = 0, c_job = 0, o_job = 0;
  reg waiting = 0;
  reg [8:0] pause = 0;
  wire [31:0] job_m = jobs[WORDS * started];
  wire [31:0] job_n = jobs[WORDS * started + 1];
  wire [31:0] job_k = jobs[WORDS * started + 2];
  wire [31:0] job_format = jobs[WORDS * started + 3];
  wire job_ends_group = jobs[WORDS * started + 4] != 0;
  wire none_left = &job_m;

  // Beats of each packet, and bytes in the last beat of activations.
  reg [31:0] a_beat = 1, w_beat = 1, c_beat = 1, o_beat = 1;
  wire [31:0] a_size = jobs[WORDS * a_job] * jobs[WORDS * a_job + 2];
  wire [31:0] a_beats = (a_size + `ACT_BYTES - 1) / `ACT_BYTES;
  wire a_last = a_beat == a_beats;
  wire [31:0] a_left = a_size - (a_beats - 1) * `ACT_BYTES;
  wire [`ACT_BYTES - 1:0] a_keep = a_last ? {`ACT_BYTES{1'b1}} >> (`ACT_BYTES - a_left) : {`ACT_BYTES{1'b1}};
  wire w_last = w_beat == jobs[WORDS * w_job + 5];
  wire c_last = c_beat == jobs[WORDS * c_job + 1];
  wire o_last = o_beat == jobs[WORDS * o_job + 6];

  wire go = reset == 0;
  wire job_valid = go && !waiting && !none_left && pause == 0;
  wire job_ready, a_ready, w_ready, c_ready, o_valid, busy, cancelling, done, cancelled, refused;
  wire [9 * `OUT_BYTES:0] o_payload;
  wire [`ERRORS - 1:0] errors;
  wire [$clog2(`COLS + 1) - 1:0] clamped;
  wire [5:0] cycle;
  // Shift 2 for modes that have one: a record without any is illegal.
  wire [8 * `CHANNEL_BYTES - 1:0] record = `CHANNEL_BYTES == 16 ? 1 << 65 : 0;

  `CORE core(
    .clk(clk), .rst(!go),
    .job__payload({32'd127, -32'd128, 64'd0, job_format, `MODE, job_k, job_n, job_m}),
    .job__valid(job_valid), .job__ready(job_ready),
    .activations__payload({a_last, a_keep, {8 * `ACT_BYTES{1'b0}}}),
    .activations__valid(go), .activations__ready(a_ready),
    .weights__payload({w_last, {`WEIGHT_BYTES{1'b1}}, {8 * `WEIGHT_BYTES{1'b0}}}),
    .weights__valid(go), .weights__ready(w_ready),
    .channels__payload({c_last, {`CHANNEL_BYTES{1'b1}}, record}),
    .channels__valid(go), .channels__ready(c_ready),
    .outputs__payload(o_payload), .outputs__valid(o_valid), .outputs__ready(1'b1),
    .cancel(1'b0), .busy(busy), .cancelling(cancelling), .done(done), .cancelled(cancelled), .refused(refused),
    .errors(errors), .clamped(clamped), .cycle(cycle)
  );

  // Cycles, and what they went into, in the order of the counters' registers.
  reg [63:0] count [0:6];
  reg [63:0] now = 0;
  integer i;
  initial for (i = 0; i < 7; i = i + 1) count[i] = 0;

  always @(posedge clk) begin
    if (reset != 0) reset <= reset - 1;
    now <= now + 1;
    if (job_valid && job_ready) begin
      started <= started + 1;
      waiting <= job_ends_group;
    end
    if (go && a_ready) begin
      a_beat <= a_last ? 1 : a_beat + 1;
      if (a_last) a_job <= a_job + 1;
    end
    if (go && w_ready) begin
      w_beat <= w_last ? 1 : w_beat + 1;
      if (w_last) w_job <= w_job + 1;
    end
    if (go && c_ready) begin
      c_beat <= c_last ? 1 : c_beat + 1;
      if (c_last) c_job <= c_job + 1;
    end
    if (o_valid) begin
      o_beat <= o_last ? 1 : o_beat + 1;
      if (o_last) o_job <= o_job + 1;
      if (o_payload[9 * `OUT_BYTES] != o_last) $display("ERROR output beat %0d of job %0d, tlast", o_beat, o_job);
    end
    if (done) finished <= finished + 1;
    if (|cycle) count[0] <= count[0] + 1;
    for (i = 0; i < 6; i = i + 1) if (cycle[i]) count[i + 1] <= count[i + 1] + 1;
    if (go && (errors != 0 || cancelling || refused)) begin
      $display("ERROR errors %b refused %b, job %0d", errors, refused, started);
      $finish;
    end
    if (waiting && finished == started && !busy) begin
      $display("CYCLES %0d %0d %0d %0d %0d %0d %0d",
               count[0], count[1], count[2], count[3], count[4], count[5], count[6]);
      for (i = 0; i < 7; i = i + 1) count[i] <= 0;
      waiting <= 0;
      pause <= -1;
    end else if (pause != 0) pause <= pause - 1;
    if (go && none_left && !waiting && pause == 0) begin
      if (a_job != started || w_job != started || c_job != started || o_job != started)
        $display("ERROR packets %0d %0d %0d %0d, jobs %0d", a_job, w_job, c_job, o_job, started);
      $display("END");
      $finish;
    end
    if (now == limit) begin
      $display("ERROR no end after %0d cycles: job %0d", limit, started);
      $finish;
    end
  end
endmodule

`ifndef VERILATOR
module clock;
  reg clk = 0;
  always #5 clk = !clk;
  bench bench(.clk(clk));
endmodule
`endif
