// The cell: sums of products, started and shown by tokens. DEPTH, A, W (bits), ACC, and latencies.
module spec(
  input clk, input [`DEPTH * `A - 1:0] a, input [`DEPTH * `W - 1:0] w, input bubble, input first, input done
);
  wire [`DEPTH * `A - 1:0] a_out;
  wire [`DEPTH * `W - 1:0] w_out;
  wire [`ACC - 1:0] drain;
  mac_cell dut(
    .clk(clk), .a(a), .w(w), .bubble(bubble), .first(first), .done(done), .a_out(a_out), .w_out(w_out), .drain(drain));
  (* keep *) wire [`ACC - 1:0] acc;

  // The operands of the cycle before, 0 in a bubble; or whether they count comes a cycle later.
  reg [`DEPTH * `A - 1:0] a1;
  reg [`DEPTH * `W - 1:0] w1;
  wire counts = `BUBBLE_LATENCY == 0 || !bubble;
  always @(posedge clk) a1 <= `BUBBLE_LATENCY == 0 && bubble ? 0 : a;
  always @(posedge clk) w1 <= w;

  // What this wave adds, and what is added in this cycle.
  wire [`ACC * `DEPTH - 1:0] partial;
  genvar d;
  generate
    for (d = 0; d < `DEPTH; d = d + 1) begin : products
      wire signed [`A - 1:0] left = a1[d * `A+:`A];
      wire signed [`W - 1:0] right = w1[d * `W+:`W];
      wire signed [`A + `W - 1:0] product = left * right;
      wire signed [`ACC - 1:0] before;
      if (d == 0)
        assign before = 0;
      else
        assign before = partial[(d - 1) * `ACC+:`ACC];
      assign partial[d * `ACC+:`ACC] = before + (counts ? product : 0);
    end
  endgenerate
  wire [`ACC - 1:0] step;
  past #(.WIDTH(`ACC), .STEPS(`FIRST_LATENCY)) steps(.clk(clk), .i(partial[(`DEPTH - 1) * `ACC+:`ACC]), .o(step));
  reg starts, shows;
  reg [`ACC - 1:0] total;
  // From the first token on the sum is known.
  reg known = 0;
  // What the pipeline held at the beginning has passed.
  reg [3:0] cycles = 0;
  always @(posedge clk) begin
    starts <= first;
    shows <= done;
    total <= (starts ? 0 : total) + step;
    known <= cycles > `FIRST_LATENCY && (known || starts);
    if (cycles != 15) cycles <= cycles + 1'b1;
  end
  (* keep *) wire cover_shown = known && shows && total == -5;
  (* keep *) wire cover_held = known && !shows && total == 5 && step == 0;
  (* keep *) wire cover_started = known && starts && total == 300;
  always @* begin
    if (cycles > `FIRST_LATENCY) begin
      assert (a_out == a1 && w_out == w1);
      assert (!known || acc == total);
      assert (!known || drain == (shows ? total : 0));
    end
  end
endmodule
