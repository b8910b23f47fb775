// The activation buffer: each operand of two panels is read where it belongs, from when its column of words has come.
//
// One operand of one panel, any, is watched. Panels of up to 2 rows of up to 2 words of 2 operands.
module spec(
  input clk, input rst, input i_valid, input [15:0] i_data, input [1:0] i_count, input i_row_end, input i_final_row,
  input is_unsigned, input two_words, input [1:0] beat, input read, input free, input watch, input watched_byte
);
  wire i_ready, available, out_of_range;
  wire [15:0] o;
  mac_activation_buffer dut(
    .clk(clk), .rst(rst), .i__valid(i_valid), .i__payload({i_final_row, i_row_end, i_count, i_data}),
    .i__ready(i_ready), .is_unsigned(is_unsigned), .out_of_range(out_of_range), .beat(beat), .available(available),
    .read(read), .o(o), .\release (free));

  reg started = 0;
  always @(posedge clk) started <= 1;

  // Its state: the words at `place` of both rows are in wires that are added to their module.
  (* keep *) wire dut_row, address, panel, used, part;
  (* keep *) wire [1:0] full, dut_filled, place;
  (* keep *) wire [31:0] stored;

  // Whole panels, the number of the one that is loaded, and in it where the next word goes and how long rows are.
  reg [1:0] whole;
  reg load_panel, row, word, long, final_row;
  wire read_panel = load_panel ^ whole[0];
  wire take = i_valid && i_ready, last_row = row || i_final_row;
  wire end_panel = take && i_row_end && last_row;
  // Words of the last row that are there.
  wire [1:0] filled = row || final_row ? word : 0;

  // The watched operand: it came, its panel was released, what it is and where, and the last read was of it.
  reg seen, gone, shown, its_panel, its_row, its_word, its_byte;
  reg [7:0] value;
  wire here = seen && !gone;
  wire [7:0] o_value = o >> 8 * its_row, stored_value = stored >> 16 * its_row + 8 * its_byte;
  assign place = {its_panel, its_word};

  // A second panel is loaded while the first one is read, where both have two rows of two words.
  (* keep *) wire cover_second = shown && its_row && its_word && take && row && word && whole == 1 && its_panel == used;

  always @(posedge clk) begin
    whole <= whole + end_panel - free;
    load_panel <= load_panel ^ end_panel;
    if (take) begin
      word <= !i_row_end;
      row <= i_row_end ? !last_row : row;
      final_row <= i_final_row && !i_row_end;
    end
    if (end_panel || rst) long <= two_words;
    if (watch && take && !seen && watched_byte < i_count) begin
      {seen, its_panel, its_row, its_word, its_byte} <= {1'b1, load_panel, row, word, watched_byte};
      value <= i_data >> 8 * watched_byte;
    end
    if (here && free && read_panel == its_panel) gone <= 1;
    if (read) shown <= here && read_panel == its_panel && beat == {its_word, its_byte};
    if (rst) begin
      {whole, load_panel, row, word, final_row} <= 0;
      {seen, gone, shown} <= 0;
    end
  end

  always @* begin
    assume (rst || started);
    // Words as the row cutter gives them: rows of one length, and the last one of a job marked in all its words.
    assume (i_row_end == (word == long) && i_count >= 1 && i_count <= 2 && (i_row_end || i_count == 2));
    assume (word == 0 || i_final_row == final_row);
    // What is not there is not read, and a panel that is not whole is not released.
    assume (!read || available);
    assume (!free || whole != 0);
    if (started) begin
      // Words wait only while both panels are whole.
      assert (i_ready == (whole < 2) && !out_of_range);
      // An operand can be read as soon as its word of the last row is there, and is what came until the next read.
      assert (available == (whole != 0 || beat[1] < filled));
      assert (!shown || o_value == value);
      // Its state.
      assert (whole <= 2 && panel == load_panel && used == read_panel);
      assert (full == (whole == 2 ? 2'b11 : whole == 1 ? (read_panel ? 2'b10 : 2'b01) : 2'b00));
      assert (dut_row == row && address == word && dut_filled == filled && (long || !word) && (word || !final_row));
      assert (whole != 2 || (!row && !word));
      assert (!shown || (seen && part == its_byte));
      assert (!here || (stored_value == value && (whole != 0 || its_panel == load_panel)));
      assert (!here || whole == 2 || its_panel != load_panel || {its_row, its_word} < {row, word});
    end
  end
endmodule
