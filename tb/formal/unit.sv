// A unit of 2 rows and 2 columns, depth 1: the matrix product of every tile, whatever waits for whatever and how long.
//
// One element (row, col), any, of one tile, any, is watched until its row leaves. A, W (bits of operands), PLACE (bits
// of a place in the output buffer), REQUANTIZED: results are those of the requantizer, whatever function that is: one
// input, any, has one result, any (unit_cut.sv).
`ifdef REQUANTIZED
`define OUT `LATENCY
`define RESULT 8
`define CHANNEL 64
`else
`define OUT `RAW_LATENCY
`define RESULT 32
`define CHANNEL 32
`endif
// Cycles from a tile's end to when its first row enters the output buffer.
`define ENTER (`OUT - 2)
module spec(
  input clk, input rst, input a_valid, input [2 * `A - 1:0] a, input a_last, input w_valid, input [2 * `W - 1:0] w,
  input w_last, input w_keep, input c_valid, input [`CHANNEL - 1:0] c, input o_ready, input clear, input watch
);
  wire a_ready, w_ready, c_ready, o_valid, o_last, busy;
  wire [2 * `RESULT - 1:0] o;
  wire [3:0] errors;
`ifdef REQUANTIZED
  (* anyconst *) reg [26:0] stage;
  (* anyconst *) reg [63:0] point;
  (* anyconst *) reg [8:0] image;
`endif
  mac_unit_2x2x1 dut(
    .clk(clk), .rst(rst), .clear(clear), .busy(busy), .errors(errors),
    .activations__valid(a_valid), .activations__payload({a_last, a}), .activations__ready(a_ready),
    .weights__valid(w_valid), .weights__payload({w_keep, w_last, w}), .weights__ready(w_ready),
    .channels__valid(c_valid), .channels__payload(c), .channels__ready(c_ready),
`ifdef REQUANTIZED
    .stage(stage), .outputs__valid(o_valid), .outputs__payload({o_last, o}), .outputs__ready(o_ready));
`else
    .accumulators__valid(o_valid), .accumulators__payload({o_last, o}), .accumulators__ready(o_ready));
`endif
  (* anyconst *) reg row;
  (* anyconst *) reg col;

  reg started = 0;
  always @(posedge clk) started <= 1;

  // What enters and leaves in this cycle.
  wire both = a_valid && w_valid, take = a_valid && a_ready, end_tile = take && a_last;
  wire load = c_valid && c_ready, loaded = load && half;
  wire keeps = w_keep && has_set, new_set = end_tile && !keeps;
  wire pop = o_valid && o_ready;

  // Sets of channels: `fresh` ones that no tile has taken, that of the tile before, and one that is still in use.
  // The channel of the watched column.
  reg half, has_set, old_set;
  reg [1:0] fresh;
  reg [`CHANNEL - 1:0] current, next_0, next_1;
  wire [`CHANNEL - 1:0] used = keeps ? current : next_0;

  // The sum of the watched element in every tile.
  reg in_tile;
  wire signed [`A - 1:0] left = take ? a >> `A * row : 0;
  wire signed [`W - 1:0] right = w >> `W * col;
  wire signed [`A + `W - 1:0] product = left * right;
  wire signed [31:0] step = product;
  wire [31:0] sum = (in_tile ? total[0+:32] : 0) + step;

  // Rows whose tile has ended, those that must be offered, and whether another tile may end.
  reg [`PLACE:0] unfinished, offered;
  reg fits;

  // The watched tile: its sum, its channel, how long ago it ended, and the rows before the watched one.
  reg seen, gone;
  reg [31:0] watched_sum;
  reg [`CHANNEL - 1:0] watched_channel;
  wire [31:0] watched = watched_sum + watched_channel[31:0];
  reg [`PLACE:0] before;
  reg [4:0] age;
  wire here = seen && !gone;
`ifdef REQUANTIZED
  wire known_result = {watched_channel[63:32], watched} == point;
  wire [7:0] result = image[7:0];
`else
  wire known_result = 1;
  wire [31:0] result = watched;
`endif
  wire [`RESULT - 1:0] shown = o >> `RESULT * col;

  reg [1:0] seen_errors, flags;

  // The past: element n - 1 is what was n cycles ago.
  reg [`OUT:1] ended;
  reg [5:1] replaced, had_set, bank;
  reg [4:1] took, first, known;
  reg [`A * 4 - 1:0] lefts;
  reg [`W * 4 - 1:0] rights;
  reg [32 * 4 - 1:0] steps;
  reg [32 * 5 - 1:0] total;
  reg [2:0] calm;
  reg [2:0] popped;

  // Two tiles of two beats or more are delivered, and each side has waited for each other one.
  reg [2:0] delivered;
  reg [1:0] short_tiles;
  reg [4:0] waited;
  (* keep *) wire cover_two_tiles = delivered == 4 && short_tiles == 0 && &waited;

  always @(posedge clk) begin
    half <= half ^ load;
    fresh <= fresh + loaded - new_set;
    if (new_set) begin
      {current, next_0} <= {next_0, next_1};
      has_set <= 1;
    end
    if (load && half == col) begin
      if (fresh == new_set) next_0 <= c; else next_1 <= c;
    end
    old_set <= (old_set && !replaced[4]) || (new_set && has_set);

    if (take) in_tile <= !a_last;
    unfinished <= unfinished + 2 * end_tile - pop;
    offered <= offered + (ended[`OUT - 1] || ended[`OUT]) - pop;
    fits <= !end_tile && unfinished + 2 <= `BUFFER_ROWS;

    if (watch && end_tile && !seen) begin
      seen <= 1;
      age <= 1;
      watched_sum <= sum;
      watched_channel <= used;
      before <= unfinished - pop + row;
    end else if (here) begin
      if (age != 31) age <= age + 1'b1;
      if (pop) begin
        gone <= before == 0;
        before <= before - 1'b1;
      end
    end
    seen_errors <= {both && a_last && w_keep && !has_set, take && a_last != w_last};
    flags <= clear ? 0 : flags | seen_errors;

    ended <= {ended, end_tile};
    replaced <= {replaced, new_set && has_set};
    had_set <= {had_set, has_set || new_set};
    bank <= {bank, bank[1] ^ new_set};
    took <= {took, take};
    first <= {first, take && !in_tile};
    known <= {known, known[1] || take};
    lefts <= {lefts, left};
    rights <= {rights, right};
    steps <= {steps, step};
    total <= {total, take ? sum : total[0+:32]};
    popped <= {popped, pop};
    if (calm != 7) calm <= calm + 1'b1;
    delivered <= delivered + pop;
    short_tiles <= short_tiles + (end_tile && !in_tile);
    waited <= waited | {both && a_last && fits && !keeps && fresh == 0, a_valid && !w_valid && in_tile,
                        w_valid && !a_valid && in_tile, c_valid && !c_ready, o_valid && !o_ready};
    if (rst) begin
      {delivered, short_tiles, waited} <= 0;
      half <= 0;
      {fresh, has_set, old_set} <= 0;
      in_tile <= 0;
      {unfinished, offered} <= 0;
      fits <= 1;
      {seen, gone} <= 0;
      {seen_errors, flags} <= 0;
      {ended, replaced, had_set, took, first, known, lefts, steps, calm, popped} <= 0;
      bank <= 5'b11111;
    end
  end

  // State of the unit: of its cells in the order of {row, col}, of the watched column's lane, and of all tiles.
  (* keep *) wire [4 * `A - 1:0] cell_a;
  (* keep *) wire [4 * `W - 1:0] cell_w;
  (* keep *) wire [4 * (`A + `W) - 1:0] cell_product;
  (* keep *) wire [4 * 32 - 1:0] cell_acc;
  (* keep *) wire [3:0] cell_start, cell_show;
  (* keep *) wire [`A - 1:0] a_skew_r1;
  (* keep *) wire [63:0] drain, lane_acc, lane_raw;
  (* keep *) wire [2 * `CHANNEL - 1:0] lane_read, lane_memory_0, lane_memory_1;
  (* keep *) wire bubble, room, dut_took, dut_in_tile, admission_in_tile, admission_has_set, rows_left, some;
  (* keep *) wire [1:0] first_line, load_valid, dut_waiting, dut_free;
  (* keep *) wire [2:0] token, set_done;
  (* keep *) wire [`OUT - 7:0] on_way, last_on_way;
  (* keep *) wire [3:0] last_line, dut_seen;
  (* keep *) wire [`PLACE - 1:0] read_row, write_row, place;
  (* keep *) wire [`PLACE:0] claimed, waiting;
  (* keep *) wire [2 * `RESULT:0] word;
  (* keep *) wire [`CHANNEL:0] load_payload;
  (* keep *) wire lane, load_bank, dut_bank, draining_bank;

  wire [1:0] index = {row, col};
  wire signed [`A - 1:0] the_a = cell_a >> `A * index;
  wire signed [`W - 1:0] the_w = cell_w >> `W * index, above_w = cell_w >> `W * col;
  wire signed [`A + `W - 1:0] the_product = cell_product >> (`A + `W) * index;
  wire [31:0] the_acc = cell_acc >> 32 * index, the_drain = drain >> 32 * col, the_lane_acc = lane_acc >> 32 * col;
  wire [31:0] the_raw = lane_raw >> 32 * col;
  wire [`CHANNEL - 1:0] the_read = lane_read >> `CHANNEL * col;
  wire pending = load_valid[col];
  wire [`CHANNEL - 1:0] memory_0 = lane_memory_0 >> `CHANNEL * col, memory_1 = lane_memory_1 >> `CHANNEL * col;
  wire [`CHANNEL - 1:0] in_lane_0 = pending && !load_payload[0] ? load_payload[`CHANNEL:1] : memory_0;
  wire [`CHANNEL - 1:0] in_lane_1 = pending && load_payload[0] ? load_payload[`CHANNEL:1] : memory_1;
  wire [`CHANNEL - 1:0] in_current = bank[1] ? in_lane_1 : in_lane_0, in_next = bank[1] ? in_lane_0 : in_lane_1;
  wire set = bank[age];
  wire [`CHANNEL - 1:0] in_watched = set ? memory_1 : memory_0;

  // Rows on their way to the output buffer, those of them that are before the watched one, and those in it.
  wire [`PLACE:0] coming = 2 * ones(ended[`ENTER:1]) + ended[`ENTER + 1];
  wire [`PLACE:0] earlier = 2 * ones(ended[`ENTER:1] >> age)
                            + (age <= `ENTER && ended[`ENTER + 1]) + (row && age <= `ENTER);
  wire [`PLACE:0] inside = waiting + o_valid;
  wire [`RESULT - 1:0] the_word = word >> `RESULT * col;
  wire [`PLACE - 1:0] end_row = read_row + waiting;
  assign place = read_row + before - o_valid;
  function [`PLACE:0] ones(input [`ENTER:1] bits);
    integer i;
    begin
      ones = 0;
      for (i = 1; i <= `ENTER; i = i + 1)
        ones = ones + bits[i];
    end
  endfunction
`ifdef REQUANTIZED
  // What the requantizer of the watched column is working on, and where the watched element is in it.
  (* keep *) wire [64 * (`LATENCY - `RAW_LATENCY) - 1:0] line_0, line_1;
  (* keep *) wire [63:0] lane_multiplier;
  (* keep *) wire [53:0] lane_stage;
  (* keep *) wire [2:0] counting;
  wire [31:0] the_multiplier = lane_multiplier >> 32 * col;
  wire [4:0] stages = age - 7 - row;
  wire [63:0] at_work = (col ? line_1 : line_0) >> 64 * stages;
`endif

  genvar n;
  generate
    for (n = 1; n <= 4; n = n + 1) begin : sums
      always @*
        if (started)
          assert (!known[n] || total[32 * n - 32+:32] == (first[n] ? 0 : total[32 * n+:32]) + steps[32 * n - 32+:32]);
    end
    for (n = 0; n < `OUT - 6; n = n + 1) begin : on_the_way
      always @*
        if (started)
          assert (on_way[n] == (ended[n + 5] || ended[n + 6]) && (!on_way[n] || last_on_way[n] == ended[n + 6]));
    end
  endgenerate
  wire signed [`A - 1:0] a_1 = lefts, a_2 = lefts >> `A;
  wire signed [`W - 1:0] w_1 = rights, w_2 = rights >> `W;
  wire signed [`A + `W - 1:0] product_1 = a_1 * w_1, product_2 = a_2 * w_2;
  wire signed [31:0] step_1 = product_1, step_2 = product_2, step_3 = steps[64+:32], the_step = the_product;
  always @* begin
    assume (rst || started);
    if (started) begin
      // Operands are taken in pairs; only a tile's last one waits, for room and for its channels.
      assert (a_ready == w_ready);
      assert (a_ready == (both && (!a_last || (fits && (keeps || fresh != 0)))));
      // Channels wait only while both sets are taken.
      assert (c_ready == (fresh + has_set + old_set < 2));
      // Rows are there when they must be, the watched one is what it must be, and stays so until it is taken.
      assert (o_valid == (offered != 0));
      assert (!(here && before == 0 && o_valid) || ((shown == result || !known_result) && o_last == row));
`ifdef REQUANTIZED
      assert (busy == (in_tile || unfinished != 0 || popped != 0));
      assert (lane_stage == {2{stage}} && counting == popped);
`else
      assert (busy == (in_tile || unfinished != 0));
`endif
      assert (errors[1:0] == flags);
      // Its state: what the past says that it must be.
      assert (half == lane && dut_bank == bank[1] && (!half || c_ready) && !(fresh != 0 && old_set));
      assert (load_bank == bank[1] ^ (fresh != 1));
      assert (dut_waiting == fresh && dut_free == 2 - fresh - has_set - old_set);
      assert (draining_bank == (had_set[5] && bank[5]) && &(had_set | bank));
      assert (had_set[1] == has_set && admission_has_set == has_set && fresh + has_set + old_set <= 2);
      assert (!(had_set[5:2] & ~had_set[4:1]) && !(ended[5:1] & ~had_set));
      assert (!(replaced[4:1] & (replaced[4:1] - 1'b1)));
      assert (old_set == |replaced[4:1] && !(replaced[4:1] & ~had_set[5:2]));
      assert (!((replaced[4:1] | (had_set[4:1] & ~had_set[5:2])) & ~ended[4:1]));
      assert ((bank[5:2] ^ bank[4:1]) == (replaced[4:1] | (had_set[4:1] & ~had_set[5:2])));
      assert (!(fresh != 0 || (half && !col)) || in_next == next_0);
      assert (!(fresh == 2 || (fresh == 1 && half && !col)) || in_current == next_1);
      assert (!has_set || (in_current == current && !(pending && load_payload[0] == bank[1])));

      assert (admission_in_tile == in_tile && dut_in_tile == in_tile && (!in_tile || known[1]));
      assert (room == fits && !(fits && (ended[1] || unfinished > `BUFFER_ROWS - 2)) && unfinished <= `BUFFER_ROWS);
      assert (!(ended[`OUT - 1:1] & ended[`OUT:2]) && last_line == ended[4:1] && first_line == first[2:1]);
      assert (!(ended[1] && set_done[0] != bank[1]) && !(ended[2] && set_done[1] != bank[2]));
      assert (!(ended[3] && set_done[2] != bank[3]) && !(ended[4] && token[2] != bank[4]));
      assert (!(ended[5] && token[2] != bank[5]) && token[1:0] == {ended[5], ended[4] || ended[5]});
      assert (rows_left == ended[4] && dut_took == ended[1] && claimed == unfinished - 2 * ended[1]);
      assert (dut_seen[1:0] == seen_errors);

      assert ((took[1] || a_1 == 0) && (took[2] || a_2 == 0) && !(first & ~took)
             && !(known[4:2] & ~known[3:1]) && !(known[3:1] & ~(known[4:2] | first[3:1])));
      assert (!(known[4] && calm < 4) && !(known[3] && calm < 3) && !(known[2] && calm < 2) && !(known[1] && calm < 1));
      assert (calm < 1 || step_1 == steps[0+:32]);
      assert (calm < 2 || step_2 == steps[32+:32]);
      assert (calm < 1 || (bubble == !took[1] && (!row || (!took[1] || a_skew_r1 == a_1))));
      assert (calm < 1 + row || (the_a == (row ? a_2 : a_1) && the_w == (row ? w_2 : w_1)));
      assert (calm < 1 || !row || above_w == w_1);
      assert (calm < 2 + row || the_step == (row ? step_3 : steps[32+:32]));
      assert (calm < 1 || cell_start[index] == first[2 + row]);
      assert (calm < 1 || (cell_show[{1'b0, col}] == ended[3] && cell_show[{1'b1, col}] == ended[4]));
      assert (!known[3 + row] || the_acc == total[32 * (2 + row)+:32]);

      assert (inside + coming == unfinished && inside == offered + (ended[`OUT - 1] || ended[`OUT]));
      assert (inside <= `BUFFER_ROWS && waiting <= `BUFFER_ROWS && offered <= `BUFFER_ROWS && coming <= `BUFFER_ROWS);
      assert (some == (waiting != 0) && write_row == end_row);
      if (here) begin
        assert (age >= 1 && calm >= (age < 7 ? age : 7) && (age > `OUT || ended[age]));
        assert (age > 5 || (had_set[age] && in_watched == watched_channel && !(pending && load_payload[0] == set)));
        assert (age > 3 + row || (known[age] && total[32 * (age - 1)+:32] == watched_sum));
        assert (age != 4 + row || the_drain == watched_sum);
        assert (age != 5 + row || (the_lane_acc == watched_sum && the_read == watched_channel));
        assert (age != 6 + row || the_raw == watched);
`ifdef REQUANTIZED
        assert (age != 6 + row || the_multiplier == watched_channel[63:32]);
        assert (age < 7 + row || age > `ENTER + row || at_work == {watched_channel[63:32], watched});
`endif
        assert (age > `ENTER + row || before == inside + earlier);
        assert (age <= `ENTER + row || before < inside);
        assert (age <= `ENTER + row || (before == 0 && o_valid)
                || (word[2 * `RESULT] == row && (the_word == result || !known_result)));
      end
    end
  end
endmodule
