variable "aws_region" {
  description = "Region of everything here; the bucket and the database are there too."
  type        = string
  default     = "us-west-2"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region must be a region's name, such as us-west-2."
  }
}

variable "prefix" {
  description = "What every name begins with: bluemoxon-staging or bluemoxon-prod."
  type        = string
}

variable "environment" {
  description = "What the functions call their environment: staging or prod."
  type        = string
}

variable "image_tag" {
  description = "Tag of the image that functions are created with, v1.2.3 or v1.2.3-0a1b2c3; null before the first push: everything but functions, aliases, schedule and mapping."
  type        = string
  default     = null
}

variable "database_secret_arn" {
  description = "ARN of the Secrets Manager secret with the database's username, password, host, port and dbname. Its value is never read here."
  type        = string
}

variable "images_bucket_name" {
  description = "Existing bucket of the pictures."
  type        = string
}

variable "images_cdn_domain" {
  description = "Host of the pictures' CDN; empty: cloudfront_url stays NULL."
  type        = string
  default     = ""
}

variable "api_role_name" {
  description = "Name of the API's existing IAM role, which may send to the queue; null: no rights are attached."
  type        = string
  default     = null
}

variable "vpc" {
  description = "Where the functions get their network interfaces, or null for Lambda's own network."
  type = object({
    vpc_id                     = string
    subnet_ids                 = list(string)
    database_security_group_id = string
    database_port              = optional(number, 5432)
  })
  default = null
}

variable "worker_memory_mib" {
  description = "The worker's memory in MiB; processor time grows with it."
  type        = number
  default     = 7168
}

variable "worker_timeout_seconds" {
  description = "Seconds until the worker is killed; the queue's visibility timeout is six times this."
  type        = number
  default     = 300
}

variable "worker_ephemeral_storage_mib" {
  description = "The worker's /tmp in MiB."
  type        = number
  default     = 512
}

variable "maximum_concurrency" {
  description = "How many photos are worked at once, at most."
  type        = number
  default     = 2
}

variable "reserved_concurrency" {
  description = "Executions reserved for the worker, above maximum_concurrency; null: the account's common pool."
  type        = number
  default     = null
}

variable "embedded_model_fallback" {
  description = "Whether the embedded book model may be the last recipe."
  type        = bool
  default     = false
}

variable "alarm_email_addresses" {
  description = "Who is told when an alarm goes off; each confirms the subscription by mail."
  type        = set(string)
  default     = []
}

variable "oldest_message_alarm_seconds" {
  description = "Age of the oldest message that raises an alarm; raise it for a backfill."
  type        = number
  default     = 3600
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30
}

variable "allow_image_repository_delete" {
  description = "Whether destroy may delete the repository with its images."
  type        = bool
  default     = false
}
