output "alarm_topic_arn" {
  description = "Where alarms are published."
  value       = aws_sns_topic.alarms.arn
}

output "alias_name" {
  description = "The alias that the queue and the schedule invoke."
  value       = local.alias_name
}

output "dead_letter_queue_url" {
  description = "The dead-letter queue."
  value       = aws_sqs_queue.dead_letters.id
}

output "environment_variables" {
  description = "What the functions read; names and places, never a secret's value."
  value       = local.environment_variables
}

output "image_repository_url" {
  description = "Where images are pushed."
  value       = aws_ecr_repository.images.repository_url
}

output "max_receive_count" {
  description = "Receipts before a message is dead-lettered."
  value       = local.max_receive_count
}

output "queue_name" {
  description = "The queue's name: the API's IMAGE_PROCESSING_QUEUE_NAME."
  value       = aws_sqs_queue.images.name
}

output "queue_url" {
  description = "The queue."
  value       = aws_sqs_queue.images.id
}

output "reconciler_function_name" {
  description = "The reconciler."
  value       = local.reconciler_name
}

output "security_group_id" {
  description = "The functions' security group, which the database's must let in; null without a VPC."
  value       = one(aws_security_group.functions[*].id)
}

output "visibility_seconds" {
  description = "How long a received message stays hidden unless the worker says otherwise."
  value       = local.visibility_seconds
}

output "worker_function_name" {
  description = "The worker."
  value       = local.worker_name
}
