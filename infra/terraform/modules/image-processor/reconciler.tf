resource "aws_cloudwatch_log_group" "reconciler" {
  #checkov:skip=CKV_AWS_158:logs never hold a secret; CloudWatch's own encryption does
  #checkov:skip=CKV_AWS_338:logs serve operation, not audit: thirty days by default, more by variable

  name              = "/aws/lambda/${local.reconciler_name}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "reconciler" {
  #checkov:skip=CKV_AWS_115:one schedule invokes it; the account may have no executions to reserve
  #checkov:skip=CKV_AWS_116:the next run repeats what a failed one left, and an alarm counts failures
  #checkov:skip=CKV_AWS_173:the variables are names and places, never a secret's value
  #checkov:skip=CKV_AWS_272:Lambda signs no container images; tags are immutable and releases are pinned by digest

  count = local.has_image ? 1 : 0

  function_name = local.reconciler_name
  description   = "Republishes lost jobs and takes back leases that are over."
  role          = aws_iam_role.reconciler.arn
  package_type  = "Image"
  image_uri     = "${aws_ecr_repository.images.repository_url}:${var.image_tag}"
  architectures = ["x86_64"]
  memory_size   = 512
  timeout       = 120
  publish       = true

  image_config {
    command = ["lambdas.reconciler.handler.lambda_handler"]
  }

  environment {
    variables = local.environment_variables
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.reconciler.name
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = aws_security_group.functions[*].id
    }
  }

  lifecycle {
    ignore_changes = [image_uri]
  }

  depends_on = [aws_iam_role_policy.reconciler, aws_ecr_repository_policy.images]
}

resource "aws_lambda_alias" "reconciler" {
  count = local.has_image ? 1 : 0

  name             = local.alias_name
  description      = "What the schedule invokes; a release moves it together with the worker's."
  function_name    = aws_lambda_function.reconciler[0].function_name
  function_version = aws_lambda_function.reconciler[0].version

  lifecycle {
    ignore_changes = [function_version, routing_config]
  }
}

resource "aws_scheduler_schedule" "reconciler" {
  #checkov:skip=CKV_AWS_297:the schedule carries no payload to encrypt

  count = local.has_image ? 1 : 0

  name                = local.reconciler_name
  description         = "Runs the reconciler."
  schedule_expression = "rate(${var.reconciler_interval_minutes} minutes)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_alias.reconciler[0].arn
    role_arn = aws_iam_role.scheduler.arn

    retry_policy {
      # The next run comes by itself.
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 60
    }
  }
}
