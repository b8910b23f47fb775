"""Complete designs for boards that one can buy, with bitstreams."""
