import type { ErrorResponse } from '../responses';
import { numericErrorResponses } from './errorResponses';

/** The response examples on the Seedream 4.5 page. 404 isn't documented and has the same shape. */
export const { errorResponse, invalidRequest } = numericErrorResponses({
	400: { message: '请求参数无效', type: 'invalid_request_error' },
	401: { message: '身份验证失败，请检查您的API密钥', type: 'authentication_error' },
	402: { message: '账户余额不足，请充值后再试', type: 'payment_required' },
	403: { message: '访问被禁止，您没有权限访问此资源', type: 'permission_error' },
	404: { message: '任务不存在', type: 'not_found_error' },
	429: { message: '请求过于频繁，请稍后再试', type: 'rate_limit_error' },
	500: { message: '服务器内部错误，请稍后重试', type: 'server_error' },
	502: { message: '网关错误，服务器暂时不可用', type: 'bad_gateway' },
});

export function conflict(type: string, message: string): ErrorResponse {
	return { status: 409, body: { error: { code: 409, message, type } } };
}
