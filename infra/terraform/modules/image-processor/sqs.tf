resource "aws_sqs_queue" "images" {
  name                       = local.queue_name
  visibility_timeout_seconds = local.visibility_seconds
  message_retention_seconds  = 4 * 24 * 3600
  receive_wait_time_seconds  = 20
  # SQS's own key: with a customer key the API's sends would need rights that it does not have.
  sqs_managed_sse_enabled = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = local.max_receive_count
  })
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${local.queue_name}-dlq"
  message_retention_seconds = 14 * 24 * 3600
  receive_wait_time_seconds = 20
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.images.arn]
  })
}
