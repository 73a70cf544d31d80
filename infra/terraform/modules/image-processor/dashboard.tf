locals {
  # Each is one question that an operator asks; the metrics are [namespace, name, dimension, value, ...].
  dashboard_rows = [
    {
      title = "How many wait?"
      stat  = "Maximum"
      metrics = [
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", local.queue_name],
        ["AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "QueueName", local.queue_name],
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${local.queue_name}-dlq"],
      ]
    },
    {
      title = "For how long?"
      stat  = "Maximum"
      metrics = [
        ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", local.queue_name],
      ]
    },
    {
      title = "How do deliveries end?"
      stat  = "Sum"
      metrics = [
        for name in ["Processed", "Rejected", "Failed", "Skipped"] :
        [local.metrics_namespace, name, "environment", var.environment]
      ]
    },
    {
      title = "How long does a photo take?"
      stat  = "p95"
      metrics = [
        [local.metrics_namespace, "DurationSeconds", "environment", var.environment],
      ]
    },
    {
      title = "How much memory?"
      stat  = "Maximum"
      metrics = [
        [local.metrics_namespace, "PeakRssMib", "environment", var.environment],
      ]
    },
    {
      title = "What fails outright?"
      stat  = "Sum"
      metrics = [
        for name in ["Errors", "Throttles", "Invocations"] :
        ["AWS/Lambda", name, "FunctionName", local.worker_name, "Resource", "${local.worker_name}:${local.alias_name}"]
      ]
    },
    {
      title = "What does the reconciler find?"
      stat  = "Sum"
      metrics = concat(
        [
          for name in ["LeasesTakenBack", "Republished", "CrashLoops", "GivenUp", "ReconcilerErrors"] :
          [local.metrics_namespace, name, "environment", var.environment]
        ],
        [["AWS/Lambda", "Errors", "FunctionName", local.reconciler_name, "Resource", "${local.reconciler_name}:${local.alias_name}"]],
      )
    },
  ]
}

resource "aws_cloudwatch_dashboard" "operations" {
  dashboard_name = local.worker_name

  dashboard_body = jsonencode({
    widgets = [
      for index, row in local.dashboard_rows : {
        type   = "metric"
        x      = 12 * (index % 2)
        y      = 6 * floor(index / 2)
        width  = 12
        height = 6
        properties = {
          title   = row.title
          region  = local.region
          stat    = row.stat
          period  = 300
          metrics = row.metrics
        }
      }
    ]
  })
}
