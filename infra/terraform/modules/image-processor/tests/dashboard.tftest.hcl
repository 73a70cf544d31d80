# The dashboard draws what the alarms watch.
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

run "drawn" {
  command = plan
  module { source = "./modules/image-processor" }

  assert {
    condition = length(setsubtract(
      setunion(
        [for alarm in values(aws_cloudwatch_metric_alarm.metric) : alarm.metric_name if alarm.metric_name != "Duration"],
        flatten([for alarm in values(aws_cloudwatch_metric_alarm.sum) : [for query in alarm.metric_query : query.metric[0].metric_name if length(query.metric) > 0]]),
      ),
      toset(flatten([for w in jsondecode(aws_cloudwatch_dashboard.operations.dashboard_body).widgets : [for m in w.properties.metrics : m[1]]]))
    )) == 0
    error_message = "an alarm's metric is not on the dashboard"
  }
}
