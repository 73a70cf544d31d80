variable "prefix" {
  description = "What every name begins with, such as bluemoxon-prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.prefix))
    error_message = "prefix must be 3 to 40 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "environment" {
  description = "What the functions call their environment, and the dimension of their metrics."
  type        = string

  validation {
    condition     = contains(["staging", "prod"], var.environment)
    error_message = "environment must be staging or prod."
  }
}

variable "image_tag" {
  description = "Tag of the image that the functions are created with; null before the first push: everything but functions, aliases, schedule and mapping. Later releases change the image, not this."
  type        = string
  default     = null

  validation {
    condition     = var.image_tag == null || can(regex("^v[0-9]+\\.[0-9]+\\.[0-9]+(-[0-9a-f]{7})?$", var.image_tag))
    error_message = "image_tag must be v{version} or v{version}-{sha7}, such as v1.2.3 or v1.2.3-0a1b2c3."
  }
}

variable "database_secret_arn" {
  description = "ARN of the secret with the database's credentials. Its value is never read here."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$", var.database_secret_arn))
    error_message = "database_secret_arn must be the ARN of a Secrets Manager secret."
  }
}

variable "images_bucket_name" {
  description = "Existing bucket of the pictures."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.images_bucket_name))
    error_message = "images_bucket_name must be a bucket's name, not an ARN or an address."
  }
}

variable "images_cdn_domain" {
  description = "Host of the pictures' CDN; empty: cloudfront_url stays NULL."
  type        = string
  default     = ""

  validation {
    condition     = var.images_cdn_domain == "" || can(regex("^[a-z0-9.-]+$", var.images_cdn_domain))
    error_message = "images_cdn_domain must be a host without a scheme or a path."
  }
}

variable "api_role_name" {
  description = "Name of the API's existing IAM role, which may then send to the queue; null: nothing is attached."
  type        = string
  default     = null
}

variable "vpc" {
  description = "Where the functions get their network interfaces, and whom they may reach; null: Lambda's own network."
  type = object({
    vpc_id                     = string
    subnet_ids                 = list(string)
    database_security_group_id = string
    database_port              = optional(number, 5432)
  })
  default = null

  validation {
    condition     = var.vpc == null || length(try(var.vpc.subnet_ids, [])) > 0
    error_message = "vpc.subnet_ids must name at least one subnet."
  }
}

variable "worker_memory_mib" {
  description = "The worker's memory in MiB; processor time grows with it."
  type        = number
  default     = 7168

  validation {
    condition     = var.worker_memory_mib >= 2048 && var.worker_memory_mib <= 10240 && floor(var.worker_memory_mib) == var.worker_memory_mib
    error_message = "worker_memory_mib must be a whole number from 2048, the least that a 4096 px photo fits in, to 10240."
  }
}

variable "worker_timeout_seconds" {
  description = "Seconds until the worker is killed; the queue's visibility timeout is six times this."
  type        = number
  default     = 300

  validation {
    condition     = var.worker_timeout_seconds >= 60 && var.worker_timeout_seconds <= 900 && floor(var.worker_timeout_seconds) == var.worker_timeout_seconds
    error_message = "worker_timeout_seconds must be a whole number from 60 to 900."
  }
}

variable "worker_ephemeral_storage_mib" {
  description = "The worker's /tmp in MiB."
  type        = number
  default     = 512

  validation {
    condition     = var.worker_ephemeral_storage_mib >= 512 && var.worker_ephemeral_storage_mib <= 10240
    error_message = "worker_ephemeral_storage_mib must be from 512 to 10240."
  }
}

variable "maximum_concurrency" {
  description = "How many messages the event source mapping works at once, at most."
  type        = number
  default     = 2

  validation {
    condition     = var.maximum_concurrency >= 2 && var.maximum_concurrency <= 1000 && floor(var.maximum_concurrency) == var.maximum_concurrency
    error_message = "maximum_concurrency must be a whole number from 2, SQS's least, to 1000."
  }
}

variable "reserved_concurrency" {
  description = "Executions reserved for the worker; null: the account's common pool."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null || try(var.reserved_concurrency >= var.maximum_concurrency + 1, false)
    error_message = "reserved_concurrency must be null or at least maximum_concurrency + 1: a throttled receipt counts towards the dead-letter queue, and releases need one execution."
  }
}

variable "embedded_model_fallback" {
  description = "Whether the embedded book model may be the last recipe."
  type        = bool
  default     = false
}

variable "reconciler_interval_minutes" {
  description = "Minutes between two runs of the reconciler."
  type        = number
  default     = 5

  validation {
    condition     = var.reconciler_interval_minutes >= 2 && var.reconciler_interval_minutes <= 30 && floor(var.reconciler_interval_minutes) == var.reconciler_interval_minutes
    error_message = "reconciler_interval_minutes must be a whole number from 2 to 30."
  }
}

variable "alarm_email_addresses" {
  description = "Who is told when an alarm goes off; each confirms the subscription by mail."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alarm_email_addresses : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "alarm_email_addresses must be mail addresses."
  }
}

variable "oldest_message_alarm_seconds" {
  description = "Age of the oldest message that raises an alarm; raise it for a backfill."
  type        = number
  default     = 3600

  validation {
    condition     = var.oldest_message_alarm_seconds >= 300 && var.oldest_message_alarm_seconds <= 345600
    error_message = "oldest_message_alarm_seconds must be from 300 to 345600, the queue's retention."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([7, 14, 30, 60, 90, 180, 365], var.log_retention_days)
    error_message = "log_retention_days must be 7, 14, 30, 60, 90, 180 or 365."
  }
}

variable "allow_image_repository_delete" {
  description = "Whether destroy may delete the repository with its images."
  type        = bool
  default     = false
}
