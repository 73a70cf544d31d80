resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot publish under AWS's own key, and alarm names are no secret worth a customer key

  name = "${local.worker_name}-alarms"
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.alarm_email_addresses

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

locals {
  metrics_namespace  = "BlueMoxon/ImageProcessor"
  metrics_dimensions = { environment = var.environment }
  # Only what goes through the alias is live; a release's own smoke tests must page nobody.
  live_dimensions = {
    FunctionName = local.worker_name
    Resource     = "${local.worker_name}:${local.alias_name}"
  }
  live_reconciler_dimensions = {
    FunctionName = local.reconciler_name
    Resource     = "${local.reconciler_name}:${local.alias_name}"
  }

  # One entry per alarm on one metric; docs/runbook.md has one section for each, by the same name.
  metric_alarms = {
    dead-letters = {
      description = "Messages wait in the dead-letter queue."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = "${local.queue_name}-dlq" }
      statistic   = "Maximum"
      threshold   = 1
      period      = 60
      periods     = 1
    }
    oldest-message = {
      description = "A message waits longer than it should."
      namespace   = "AWS/SQS"
      metric      = "ApproximateAgeOfOldestMessage"
      dimensions  = { QueueName = local.queue_name }
      statistic   = "Maximum"
      threshold   = var.oldest_message_alarm_seconds
      period      = 300
      periods     = 1
    }
    errors = {
      description = "The live worker raised, crashed or timed out."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = local.live_dimensions
      statistic   = "Sum"
      threshold   = 1
      period      = 300
      periods     = 1
    }
    throttles = {
      description = "The account's concurrency is used up."
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = local.live_dimensions
      statistic   = "Sum"
      threshold   = 1
      period      = 300
      periods     = 3
    }
    duration = {
      description = "An invocation took more than 80 % of the timeout."
      namespace   = "AWS/Lambda"
      metric      = "Duration"
      dimensions  = local.live_dimensions
      statistic   = "Maximum"
      threshold   = 0.8 * var.worker_timeout_seconds * 1000
      period      = 300
      periods     = 1
    }
  }

  # Alarms on the sum of several metrics, each in a period of the reconciler's runs.
  sum_alarms = {
    stuck-jobs = {
      description = "Run after run, the reconciler finds jobs that were lost or abandoned."
      metrics = {
        for name in ["CrashLoops", "GivenUp", "LeasesTakenBack", "Republished"] :
        lower(name) => {
          namespace  = local.metrics_namespace
          name       = name
          dimensions = local.metrics_dimensions
        }
      }
    }
    reconciler-errors = {
      description = "The reconciler fails, or fails for single jobs: what is lost stays lost."
      metrics = {
        crashed = {
          namespace  = "AWS/Lambda"
          name       = "Errors"
          dimensions = local.live_reconciler_dimensions
        }
        skipped = {
          namespace  = local.metrics_namespace
          name       = "ReconcilerErrors"
          dimensions = local.metrics_dimensions
        }
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "metric" {
  for_each = local.metric_alarms

  alarm_name          = "${local.worker_name}-${each.key}"
  alarm_description   = "${each.value.description} docs/runbook.md#${each.key}"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.periods
  # These metrics have no points while nothing happens.
  treat_missing_data = "notBreaching"
  alarm_actions      = [aws_sns_topic.alarms.arn]
  ok_actions         = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "sum" {
  for_each = local.sum_alarms

  alarm_name          = "${local.worker_name}-${each.key}"
  alarm_description   = "${each.value.description} docs/runbook.md#${each.key}"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "total"
    label       = each.value.description
    expression  = join(" + ", [for id in keys(each.value.metrics) : "FILL(${id}, 0)"])
    return_data = true
  }

  dynamic "metric_query" {
    for_each = each.value.metrics
    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        dimensions  = metric_query.value.dimensions
        stat        = "Sum"
        period      = 60 * var.reconciler_interval_minutes
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "no_successes" {
  alarm_name          = "${local.worker_name}-no-successes"
  alarm_description   = "Messages wait and no photo was completed for half an hour. docs/runbook.md#no-successes"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "idle"
    label       = "Messages wait, nothing completed"
    expression  = "IF(waiting > 0 AND FILL(processed, 0) < 1, 1, 0)"
    return_data = true
  }

  metric_query {
    id = "waiting"

    metric {
      namespace   = "AWS/SQS"
      metric_name = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = local.queue_name }
      stat        = "Minimum"
      period      = 600
    }
  }

  metric_query {
    id = "processed"

    metric {
      namespace   = local.metrics_namespace
      metric_name = "Processed"
      dimensions  = local.metrics_dimensions
      stat        = "Sum"
      period      = 600
    }
  }
}
