// The operand stage: each read becomes one wave, in order, with its operands and token. ROWS, COLS, TOKEN, PLAN: bits.
module spec(
  input clk, input rst, input read, input [`TOKEN - 1:0] token, input [`ROWS - 1:0] a, input [`COLS - 1:0] w,
  input [`PLAN - 1:0] plan, input room, input watch
);
  wire empty, go, wave_valid;
  wire [`ROWS + `COLS + `TOKEN - 1:0] wave;
  mac_operand_stage dut(
    .clk(clk), .rst(rst), .read(read), .token(token), .a(a), .w(w), .plan(plan), .room(room),
    .empty(empty), .go(go), .wave__valid(wave_valid), .wave__payload(wave));

  reg started = 0;
  always @(posedge clk) started <= 1;

  (* keep *) wire has_operands, has_wave;
  (* keep *) wire [`TOKEN - 1:0] operands_token;
  // Reads whose operands show now, and those in front of the array.
  reg reading, ready;
  reg [`TOKEN - 1:0] reading_token, ready_token;
  reg [`ROWS - 1:0] ready_a;
  reg [`COLS - 1:0] ready_w;
  // Operands stay while nothing moves, as the memories that they come from do.
  reg stopped;
  reg [`ROWS - 1:0] shown_a;
  reg [`COLS - 1:0] shown_w;
  reg blocked;
  always @(posedge clk) begin
    if (go) begin
      {reading, reading_token} <= {read, token};
      {ready, ready_token, ready_a, ready_w} <= {reading, reading_token, a, w};
    end
    if (rst) begin
      reading <= 0;
      ready <= 0;
    end
  end
  wire [`TOKEN - 1:0] wave_token = {wave[`ROWS + `COLS + `TOKEN - 1:`ROWS + `COLS + 2],
                                    wave[`ROWS + `COLS + 1], wave[`ROWS + `COLS]};
  (* keep *) wire cover_waits = ready && !go && reading;
  (* keep *) wire cover_moves = wave_valid && reading && read;
  always @* begin
    assume (rst || started);
    if (started) begin
      assert (empty == (!reading && !ready));
      // Only the last wave of a tile waits, and only for room.
      assert (go == !(ready && ready_token[1] && !room));
      assert (wave_valid == (ready && go));
      assert (!ready || (wave_token == ready_token && wave[`ROWS - 1:0] == ready_a
                         && wave[`ROWS + `COLS - 1:`ROWS] == ready_w));
      assert (has_operands == reading && has_wave == ready && (!reading || operands_token == reading_token));
    end
  end
endmodule
