"""Models compared on past as-ofs, on request: `customer-predictions backtest`."""
