output "image_processor" {
  description = "Names and addresses that releases, the API's configuration and the runbook need."
  value = {
    alarm_topic_arn          = module.image_processor.alarm_topic_arn
    alias                    = module.image_processor.alias_name
    dead_letter_queue_url    = module.image_processor.dead_letter_queue_url
    environment_variables    = module.image_processor.environment_variables
    image_repository_url     = module.image_processor.image_repository_url
    max_receive_count        = module.image_processor.max_receive_count
    queue_name               = module.image_processor.queue_name
    queue_url                = module.image_processor.queue_url
    reconciler_function_name = module.image_processor.reconciler_function_name
    security_group_id        = module.image_processor.security_group_id
    visibility_seconds       = module.image_processor.visibility_seconds
    worker_function_name     = module.image_processor.worker_function_name
  }
}
