"""The suites: unit, integration, contract, and those run by hand (acceptance, chaos, benchmarks)."""
