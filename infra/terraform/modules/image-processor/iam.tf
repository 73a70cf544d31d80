locals {
  # What each identity may do, and nothing else; the tests hold a list of their own against these.
  database_statement = {
    Sid      = "DatabaseSecret"
    Effect   = "Allow"
    Action   = ["secretsmanager:GetSecretValue"]
    Resource = [var.database_secret_arn]
  }

  # AWS offers no resource to name for these two.
  tracing_statement = {
    Sid      = "Tracing"
    Effect   = "Allow"
    Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    Resource = ["*"]
  }

  network_statements = var.vpc == null ? [] : [{
    Sid    = "NetworkInterfaces"
    Effect = "Allow"
    Action = [
      "ec2:AssignPrivateIpAddresses",
      "ec2:CreateNetworkInterface",
      "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSubnets",
      "ec2:UnassignPrivateIpAddresses",
    ]
    Resource = ["*"]
  }]

  worker_statements = concat([
    {
      Sid      = "ReadAndWritePictures"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = ["${local.images_bucket_arn}/books/*"]
    },
    {
      # S3 answers 404 for a missing picture only to someone who may list; a 403 would look like an outage.
      Sid       = "ListPictures"
      Effect    = "Allow"
      Action    = ["s3:ListBucket"]
      Resource  = [local.images_bucket_arn]
      Condition = { StringLike = { "s3:prefix" = ["books/*"] } }
    },
    {
      Sid    = "OwnQueue"
      Effect = "Allow"
      Action = [
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
      ]
      Resource = [aws_sqs_queue.images.arn]
    },
    {
      Sid      = "OwnLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${aws_cloudwatch_log_group.worker.arn}:*"]
    },
    local.database_statement,
    local.tracing_statement,
  ], local.network_statements)

  send_statement = {
    Sid      = "SendJobs"
    Effect   = "Allow"
    Action   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"]
    Resource = [aws_sqs_queue.images.arn]
  }

  reconciler_statements = concat([
    local.send_statement,
    {
      Sid      = "OwnLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${aws_cloudwatch_log_group.reconciler.arn}:*"]
    },
    local.database_statement,
    local.tracing_statement,
  ], local.network_statements)

  lambda_trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role" "worker" {
  name               = local.worker_name
  description        = "The image worker."
  assume_role_policy = local.lambda_trust
}

resource "aws_iam_role_policy" "worker" {
  name   = "worker"
  role   = aws_iam_role.worker.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.worker_statements })
}

resource "aws_iam_role" "reconciler" {
  name               = local.reconciler_name
  description        = "The image reconciler."
  assume_role_policy = local.lambda_trust
}

resource "aws_iam_role_policy" "reconciler" {
  name   = "reconciler"
  role   = aws_iam_role.reconciler.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.reconciler_statements })
}

resource "aws_iam_role" "scheduler" {
  name        = "${local.reconciler_name}-schedule"
  description = "Invokes the image reconciler."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  name = "invoke"
  role = aws_iam_role.scheduler.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "InvokeReconciler"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = ["arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${local.reconciler_name}:${local.alias_name}"]
    }]
  })
}

resource "aws_iam_role_policy" "api" {
  count = var.api_role_name == null ? 0 : 1

  name   = "${local.queue_name}-send"
  role   = var.api_role_name
  policy = jsonencode({ Version = "2012-10-17", Statement = [local.send_statement] })
}
