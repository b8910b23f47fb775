// The output buffer: whole rows leave byte by byte in the order of panels and rows, without what lies beyond M and N.
//
// One byte of one tile, any, is watched until it leaves. Jobs of up to 5 rows and 8 columns, panels of 2 rows, tiles of
// 2 columns, pieces of 4 bytes.
module spec(
  input clk, input rst, input i_valid, input [15:0] i_data, input i_last, input [1:0] i_clamped, input idle,
  input issue, input [2:0] wanted_m, input [3:0] wanted_n, input [82:0] any_plan, input o_ready, input watch,
  input watched_column
);
  wire i_ready, o_valid, o_last, store_slot, send_slot;
  wire [1:0] clamped;
  wire [31:0] o_data;
  wire [2:0] o_count;
  wire [82:0] store_plan, send_plan;
  mac_output_buffer dut(
    .clk(clk), .rst(rst), .outputs__valid(i_valid), .outputs__payload({i_clamped, i_last, i_data}),
    .outputs__ready(i_ready), .clamped(clamped), .idle(idle), .issue(issue), .store_slot(store_slot),
    .store_plan(store_plan), .send_slot(send_slot), .send_plan(send_plan), .o__valid(o_valid),
    .o__payload({o_last, o_count, o_data}), .o__ready(o_ready));

  reg started = 0;
  always @(posedge clk) started <= 1;

  (* keep *) wire dut_panel, dut_row, storing, send_panel, send_row, send_word, sending;
  (* keep *) wire [1:0] dut_tile, dut_full, store_waiting, send_waiting;
  (* keep *) wire [3:0] dut_whole, send_bytes, columns;
  (* keep *) wire [2:0] place;
  (* keep *) wire [23:0] dut_left, send_left;
  (* keep *) wire [31:0] stored;

  // Jobs whose rows have not all come, those whose rows have not all left, and what the plans say.
  reg [1:0] to_store, to_send;
  reg issue_slot;
  reg [2:0] m_0, m_1;
  reg [3:0] n_0, n_1;
  wire its_store = issue_slot ^ to_store[0], its_send = issue_slot ^ to_send[0];
  wire [2:0] store_m = its_store ? m_1 : m_0, send_m = its_send ? m_1 : m_0, next_m = its_send ? m_0 : m_1;
  wire [3:0] store_n = its_store ? n_1 : n_0, send_n = its_send ? n_1 : n_0, next_n = its_send ? n_0 : n_1;
  wire [2:0] store_tiles = (store_n + 4'd1) >> 1, send_tiles = (send_n + 4'd1) >> 1;
  assign store_plan = {any_plan[82:43], 1'b0, any_plan[41:34], store_tiles, any_plan[30:28], store_n, 21'd0, store_m};
  assign send_plan = {any_plan[82:43], 1'b0, any_plan[41:34], send_tiles, any_plan[30:28], send_n, 21'd0, send_m};

  // Where the next row of a tile goes: panel, row and tile; rows of the job from this panel on.
  reg running, panel, row;
  reg [1:0] tile;
  reg [2:0] left;
  wire real_row = left > row, last_tile = tile == store_tiles - 1;
  // The panel's last row has come, and rows below M come yet.
  wire below = running && last_tile && row && left == 1;
  wire take = i_valid && i_ready;
  wire fills = take && last_tile && real_row && (row || left == 1), stores = take && row && last_tile && left <= 2;

  // Panels that are whole and not sent, and of the first one the row and byte that leave next; rows of the job.
  reg [1:0] whole;
  reg leaving, out_row;
  reg [2:0] out_left;
  reg [3:0] out_byte;
  wire out_panel = panel ^ whole[0];
  // The first row of the panel that is filled can leave before the second one.
  wire first_whole = running && last_tile && row && left > 1;
  wire [3:0] rest = send_n - out_byte;
  wire [2:0] count = rest <= 4 ? rest : 4;
  wire read = leaving && (whole != 0 || (first_whole && !out_row)) && (!valid || o_ready);
  wire sends_row = read && rest <= 4, sends = sends_row && out_left == 1, empties = sends_row && (out_row || sends);

  reg valid, last;
  reg [2:0] shown_count;
  reg [1:0] counted;

  // The watched byte: it came, it was read, what it is and where, and it is shown in this place of a piece.
  reg seen, gone, shown, its_panel, its_row;
  reg [2:0] its_column;
  reg [7:0] value;
  reg [1:0] at;
  wire [2:0] column = {tile, watched_column};
  wire here = seen && !gone;
  wire match = here && read && out_panel == its_panel && out_row == its_row && its_column >= out_byte
               && its_column < out_byte + count;
  wire [7:0] o_byte = o_data >> 8 * at, stored_byte = stored >> 8 * its_column[1:0];
  assign place = {its_panel, its_row, its_column[2]};

  // The other job's rows come while the watched byte of a third panel is shown.
  (* keep *) wire cover_next = shown && its_column == 5 && to_store == 1 && to_send == 2 && take && its_row && !o_ready;

  // Rows of the job that is sent, from its panel on; panels of it; rows of the panels that are whole.
  wire [2:0] ahead = (leaving ? out_left : send_m) + out_row;
  wire [2:0] panels = (ahead + 3'd1) >> 1, next_panels = (next_m + 3'd1) >> 1;
  wire [1:0] first_rows = ahead > 2 ? 2 : ahead;
  wire [2:0] second = ahead > 2 ? ahead - 3'd2 : next_m;
  wire [1:0] second_rows = second > 2 ? 2 : second;
  wire [3:0] second_n = ahead > 2 ? send_n : next_n;

  always @(posedge clk) begin
    to_store <= to_store + issue - stores;
    to_send <= to_send + issue - sends;
    issue_slot <= issue_slot ^ issue;
    if (issue && !issue_slot) {m_0, n_0} <= {wanted_m, wanted_n};
    if (issue && issue_slot) {m_1, n_1} <= {wanted_m, wanted_n};
    whole <= whole + fills - empties;
    if (take) begin
      row <= !row;
      if (row) tile <= last_tile ? 0 : tile + 1'b1;
      if (row && last_tile) left <= left - 3'd2;
      if (fills) panel <= !panel;
      if (stores) running <= 0;
    end
    if (!running && to_store != 0 && idle) {running, left} <= {1'b1, store_m};
    if (read) begin
      out_byte <= sends_row ? 0 : out_byte + 4'd4;
      if (sends_row) begin
        out_row <= empties ? 0 : 1;
        out_left <= out_left - 1'b1;
      end
      if (sends) leaving <= 0;
    end
    if (!leaving && to_send != 0) {leaving, out_left} <= {1'b1, send_m};
    if (!valid || o_ready) begin
      {valid, last, shown_count} <= {read, sends, count};
      shown <= match;
      at <= its_column - out_byte;
    end
    counted <= take ? i_clamped & {real_row && 2 * tile + 1 < store_n, real_row} : 0;
    if (watch && take && real_row && column < store_n && !seen) begin
      {seen, its_panel, its_row, its_column} <= {1'b1, panel, row, column};
      value <= i_data >> 8 * watched_column;
    end
    if (match) gone <= 1;
    if (rst) begin
      {to_store, to_send, issue_slot, running, panel, row, tile, whole, leaving, out_row, out_byte, valid} <= 0;
      {seen, gone, shown, counted} <= 0;
    end
  end

  always @* begin
    assume (rst || started);
    // Jobs are two at most, in every part.
    assume (!(issue && (to_store == 2 || to_send == 2)));
    assume (wanted_m >= 1 && wanted_m <= 5 && wanted_n >= 1 && wanted_n <= 8);
    if (started) begin
      // Rows wait only between jobs and for room; a piece is offered when its row is whole, with what belongs to it.
      assert (i_ready == (running && !(real_row && whole == 2)));
      assert (store_slot == its_store && send_slot == its_send && clamped == counted[0] + counted[1]);
      assert (o_valid == valid && (!valid || (o_count == shown_count && o_last == last)));
      assert (!shown || (valid && o_byte == value));
      // Its state.
      assert (to_store <= 2 && to_send <= 2 && store_waiting == to_store && send_waiting == to_send);
      assert (storing == running && dut_panel == panel && dut_row == row && dut_tile == tile && sending == leaving);
      assert (running ? to_store != 0 && dut_left == left && left >= 1 && left <= store_m
                        && left[0] == store_m[0] && tile < store_tiles
                        && columns == store_n - 2 * tile
              : !row && tile == 0);
      assert (leaving ? to_send != 0 && send_left == out_left && out_left >= 1 && send_bytes == rest
                        && out_left <= send_m && ahead <= send_m
                        && ahead[0] == send_m[0] && out_byte < send_n : !out_row && out_byte == 0);
      assert (out_byte[1:0] == 0 && send_word == out_byte[2] && send_row == out_row && send_panel == out_panel);
      assert (to_store == 0 || (store_m >= 1 && store_m <= 5 && store_n >= 1 && store_n <= 8));
      assert (to_send == 0 || (send_m >= 1 && send_m <= 5 && send_n >= 1 && send_n <= 8));
      assert ((to_send != 2 && to_store != 2) || (m_0 >= 1 && m_0 <= 5 && m_1 >= 1 && m_1 <= 5
                                                  && n_0 >= 1 && n_0 <= 8 && n_1 >= 1 && n_1 <= 8));
      assert (whole <= 2 && dut_full == (whole == 2 ? 2'b11 : whole == 1 ? (out_panel ? 2'b10 : 2'b01) : 2'b00));
      assert (dut_whole[2 * out_panel+:2] == (whole != 0 ? first_rows : first_whole));
      assert (dut_whole[2 * !out_panel+:2] == (whole == 2 ? second_rows : whole == 1 ? first_whole : 0));
      assert (whole != 2 || !running || below || (!row && tile == 0));
      assert (whole != 0 || (out_row ? out_byte == 0 && first_whole : out_byte == 0 || first_whole));
      // The job that is stored is the one that is sent, or the one after it, or rows below M of the one before it.
      if (to_store == to_send && to_store != 0)
        assert (!running ? whole == 0 && ahead == send_m && !out_row
                : below ? whole != 0 && ahead + 1 == 2 * whole : ahead == left + 2 * whole);
      if (to_store == 1 && to_send == 2)
        assert (!running ? whole == panels
                : below ? whole == panels + next_panels : whole >= panels && next_m - left == 2 * (whole - panels));
      if (to_store == 0 && to_send != 0)
        assert (whole == panels + (to_send == 2 ? next_panels : 0));
      if (to_send < to_store)
        assert (to_store == to_send + 1 && below && whole == 0 && !out_row && (to_send == 0 || ahead == send_m));
      assert (to_send != 0 || (whole == 0 && !out_row));
      // The watched byte is where it was put, and has not been passed.
      assert (!shown || (gone && seen && at <= 3));
      if (here) begin
        assert (stored_byte == value);
        assert (its_panel != out_panel || out_row < its_row || (out_row == its_row && out_byte <= its_column));
        if (whole != 0 && its_panel == out_panel)
          assert (its_row < first_rows && its_column < send_n);
        else if (whole == 2)
          assert (its_row < second_rows && its_column < second_n);
        else
          assert (its_panel == panel && running && !below && its_row < left && its_column < store_n
                  && (its_column[2:1] < tile || (its_column[2:1] == tile && its_row < row)));
      end
    end
  end
endmodule
