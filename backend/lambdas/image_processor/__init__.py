"""The worker: one SQS message in, one cut-out book on its gallery, or a job that says why not."""
