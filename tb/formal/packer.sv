// The packer: bytes leave in the order in which they came, each once, in full beats up to the end of a job.
// COUNT, BITS.
//
// One byte of one piece, any, is watched: how many are before it in the beat that comes next.
module spec(
  input clk, input rst, input i_valid, input [8 * `COUNT - 1:0] i_data, input [`BITS:0] i_count, input i_last,
  input o_ready, input watch, input [`BITS - 1:0] watched_byte
);
  wire i_ready, o_valid;
  wire [9 * `COUNT:0] o_payload;
  wire [8 * `COUNT - 1:0] o_data = o_payload;
  wire [`COUNT - 1:0] o_keep = o_payload >> 8 * `COUNT;
  wire o_last = o_payload[9 * `COUNT];
  mac_packer dut(
    .clk(clk), .rst(rst), .i__valid(i_valid), .i__ready(i_ready), .i__payload({i_last, i_count, i_data}),
    .o__valid(o_valid), .o__ready(o_ready), .o__payload(o_payload));

  reg started = 0;
  always @(posedge clk) started <= 1;

  (* keep *) wire [8 * `COUNT - 1:0] held_bytes;
  (* keep *) wire [`BITS - 1:0] count;
  (* keep *) wire ending;

  wire in = i_valid && i_ready, out = o_valid && o_ready;
  // Bytes that came and have not left; the end of the job came.
  reg [`BITS + 1:0] inside;
  reg closing;
  wire [`BITS + 1:0] offered = inside + (closing ? 0 : i_count);
  wire [`BITS + 1:0] now = inside + (in ? i_count : 0);
  wire close = closing || (in && i_last);
  // The watched byte: it is here, it was here, what it is and how many are before it.
  reg seen, left;
  reg [7:0] value;
  reg [`BITS + 1:0] before;
  wire take = watch && in && !seen && watched_byte < i_count;
  wire here = (seen && !left) || take;
  wire [7:0] value_now = take ? i_data >> 8 * watched_byte : value;
  wire [`BITS + 1:0] before_now = take ? inside + watched_byte : before;
  wire leaves = out && here && before_now < `COUNT;
  wire [`BITS + 1:0] size = now >= `COUNT ? `COUNT : now;

  // A beat that waits stays as it is; of its bytes, those that count.
  wire [8 * `COUNT - 1:0] counting;
  genvar index;
  generate
    for (index = 0; index < `COUNT; index = index + 1) begin : mask
      assign counting[8 * index+:8] = {8{o_keep[index]}};
    end
  endgenerate
  wire [9 * `COUNT:0] o_beat = {o_last, o_keep, o_data & counting};

  reg waited, held;
  reg [8 * `COUNT + `BITS + 1:0] waited_payload;
  reg [9 * `COUNT:0] held_payload;
  always @(posedge clk) begin
    inside <= out ? now - size : now;
    closing <= close && !(out && now <= `COUNT);
    if (take) begin
      seen <= 1;
      value <= value_now;
    end
    if (here) begin
      left <= leaves;
      before <= out ? before_now - `COUNT : before_now;
    end
    waited <= i_valid && !i_ready;
    waited_payload <= {i_last, i_count, i_data};
    held <= o_valid && !o_ready;
    held_payload <= o_beat;
    if (rst) begin
      inside <= 0;
      closing <= 0;
      seen <= 0;
      left <= 0;
      waited <= 0;
      held <= 0;
    end
  end
  wire [`COUNT - 1:0] all = {`COUNT{1'b1}};
  (* keep *) wire cover_watched = leaves && value_now == 8'h5a && before_now != 0 && seen;
  (* keep *) wire cover_short_end = out && o_last && size != `COUNT;
  (* keep *) wire cover_held = held && o_valid && inside != 0;
  always @* begin
    assume (rst || started);
    assume (i_count >= 1 && i_count <= `COUNT);
    assume (!waited || rst || (i_valid && {i_last, i_count, i_data} == waited_payload));
    if (started) begin
      // A beat leaves when it is full or the last one, and not otherwise; a piece waits for nothing but room.
      assert (!held || rst || (o_valid && o_beat == held_payload));
      assert (o_valid == (closing || (i_valid && (offered >= `COUNT || i_last))));
      assert (!i_valid || i_ready || closing || (o_valid && !o_ready));
      assert (!out || o_keep == (all >> (`COUNT - size)));
      assert (!out || o_last == (close && now <= `COUNT));
      assert (!leaves || (o_keep[before_now] && (o_data >> 8 * before_now & 8'hff) == value_now));
      // Its state.
      assert (inside == count && inside < `COUNT && closing == ending && (!closing || inside != 0));
      assert (!(seen && !left) || (before < inside && (held_bytes >> 8 * before & 8'hff) == value));
    end
  end
endmodule
