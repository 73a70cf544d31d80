resource "aws_cloudwatch_log_group" "worker" {
  #checkov:skip=CKV_AWS_158:logs never hold a secret; CloudWatch's own encryption does
  #checkov:skip=CKV_AWS_338:logs serve operation, not audit: thirty days by default, more by variable

  name              = "/aws/lambda/${local.worker_name}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "worker" {
  #checkov:skip=CKV_AWS_116:SQS invokes it synchronously; the queue has the dead-letter queue
  #checkov:skip=CKV_AWS_173:the variables are names and places, never a secret's value
  #checkov:skip=CKV_AWS_272:Lambda signs no container images; tags are immutable and releases are pinned by digest

  count = local.has_image ? 1 : 0

  function_name                  = local.worker_name
  description                    = "Cuts the book out of one photo."
  role                           = aws_iam_role.worker.arn
  package_type                   = "Image"
  image_uri                      = "${aws_ecr_repository.images.repository_url}:${var.image_tag}"
  architectures                  = ["x86_64"]
  memory_size                    = var.worker_memory_mib
  timeout                        = var.worker_timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency == null ? -1 : var.reserved_concurrency
  # Every change of settings becomes a numbered version; the release tests it and moves the alias.
  publish = true

  ephemeral_storage {
    size = var.worker_ephemeral_storage_mib
  }

  environment {
    variables = local.environment_variables
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.worker.name
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = aws_security_group.functions[*].id
    }
  }

  lifecycle {
    # Releases own the image; Terraform owns everything around it.
    ignore_changes = [image_uri]
  }

  depends_on = [aws_iam_role_policy.worker, aws_ecr_repository_policy.images]
}

resource "aws_lambda_alias" "worker" {
  count = local.has_image ? 1 : 0

  name             = local.alias_name
  description      = "What the queue invokes; a release moves it."
  function_name    = aws_lambda_function.worker[0].function_name
  function_version = aws_lambda_function.worker[0].version

  lifecycle {
    ignore_changes = [function_version, routing_config]
  }
}

resource "aws_lambda_event_source_mapping" "worker" {
  count = local.has_image ? 1 : 0

  event_source_arn        = aws_sqs_queue.images.arn
  function_name           = aws_lambda_alias.worker[0].arn
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    # Without it, pollers outrun a small concurrency, and throttled receipts end in the dead-letter queue.
    maximum_concurrency = var.maximum_concurrency
  }
}
