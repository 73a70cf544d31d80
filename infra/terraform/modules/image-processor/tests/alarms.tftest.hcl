# Every alarm reaches the topic, watches what is live, and names its entry in the runbook.
mock_provider "aws" {
  source = "./modules/image-processor/tests/mocks"

  override_resource {
    target = aws_sqs_queue.images
    values = { arn = "arn:aws:sqs:us-west-2:123456789012:main" }
  }

  override_resource {
    target = aws_sqs_queue.dead_letters
    values = { arn = "arn:aws:sqs:us-west-2:123456789012:dead" }
  }

  override_resource {
    target = aws_lambda_alias.worker
    values = { arn = "arn:aws:lambda:us-west-2:123456789012:function:worker:live" }
  }

  override_resource {
    target = aws_lambda_alias.reconciler
    values = { arn = "arn:aws:lambda:us-west-2:123456789012:function:reconciler:live" }
  }
}

variables {
  prefix              = "bluemoxon-staging"
  environment         = "staging"
  image_tag           = "v1.2.3"
  database_secret_arn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:database-AbCdEf"
  images_bucket_name  = "bluemoxon-staging-images"
  images_cdn_domain   = "images.example"
  api_role_name       = "bluemoxon-staging-api"
}

run "each_alarm" {
  module { source = "./modules/image-processor" }

  assert {
    condition = keys(aws_cloudwatch_metric_alarm.metric) == [
      "dead-letters", "duration", "errors", "oldest-message", "throttles",
    ] && keys(aws_cloudwatch_metric_alarm.sum) == ["reconciler-errors", "stuck-jobs"]
    error_message = "an alarm is missing or new"
  }

  assert {
    condition = alltrue([
      for alarm in concat(values(aws_cloudwatch_metric_alarm.metric), values(aws_cloudwatch_metric_alarm.sum), [aws_cloudwatch_metric_alarm.no_successes]) :
      alarm.alarm_actions == toset([aws_sns_topic.alarms.arn]) && alarm.treat_missing_data == "notBreaching"
    ])
    error_message = "an alarm tells nobody, or goes off when nothing happens"
  }

  assert {
    condition = alltrue([
      for name, alarm in merge(aws_cloudwatch_metric_alarm.metric, aws_cloudwatch_metric_alarm.sum, { no-successes = aws_cloudwatch_metric_alarm.no_successes }) : endswith(alarm.alarm_description, "docs/runbook.md#${name}")
    ])
    error_message = "an alarm does not name its entry in the runbook"
  }

  assert {
    condition = alltrue([
      for name in ["errors", "throttles", "duration"] : aws_cloudwatch_metric_alarm.metric[name].dimensions == tomap({
        FunctionName = "bluemoxon-staging-image-processor"
        Resource     = "bluemoxon-staging-image-processor:live"
      })
    ])
    error_message = "a release's own smoke tests would page"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.metric["duration"].threshold == 240000
    error_message = "not 80 % of 300 s in milliseconds"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.metric["dead-letters"].dimensions.QueueName == aws_sqs_queue.dead_letters.name && aws_cloudwatch_metric_alarm.metric["dead-letters"].threshold == 1
    error_message = "a dead letter goes unnoticed"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.metric["oldest-message"].dimensions.QueueName == aws_sqs_queue.images.name
    error_message = "another queue's age"
  }

  assert {
    condition = alltrue([
      for query in aws_cloudwatch_metric_alarm.sum["stuck-jobs"].metric_query :
      query.metric[0].namespace == "BlueMoxon/ImageProcessor" && query.metric[0].dimensions.environment == "staging" if query.id != "total"
    ])
    error_message = "not what the reconciler emits"
  }

  assert {
    condition     = one([for query in aws_cloudwatch_metric_alarm.sum["reconciler-errors"].metric_query : query.expression if query.id == "total"]) == "FILL(crashed, 0) + FILL(skipped, 0)"
    error_message = "one kind of failure would hide the other"
  }

  assert {
    condition     = one([for query in aws_cloudwatch_metric_alarm.no_successes.metric_query : query.expression if query.id == "idle"]) == "IF(waiting > 0 AND FILL(processed, 0) < 1, 1, 0)"
    error_message = "no successes while messages wait goes unnoticed"
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0
    error_message = "someone is subscribed without being named"
  }
}

run "subscriptions" {
  module { source = "./modules/image-processor" }
  variables { alarm_email_addresses = ["a@example.org", "b@example.org"] }

  assert {
    condition     = [for s in values(aws_sns_topic_subscription.email) : "${s.protocol}:${s.endpoint}"] == ["email:a@example.org", "email:b@example.org"]
    error_message = "not everyone named is subscribed"
  }
}

run "not_an_address" {
  command = plan
  module { source = "./modules/image-processor" }
  variables { alarm_email_addresses = ["nobody"] }
  expect_failures = [var.alarm_email_addresses]
}
